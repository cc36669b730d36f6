// Package fetch asks servers whose address a stranger wrote: a credential, a request, an
// offer, a certificate (SD-JWT VC draft -18, sections 6.1 and 6.4). It is the only way out
// for such addresses.
//
// Each request is https to a public address, or to a host that the operator listed. The
// address that is dialled is checked, after the name was resolved, so that a name which
// answers differently the second time reaches nothing either. No redirect is followed, no
// proxy asked, no cookie kept. A request takes at most three seconds, headers and body
// included, and no more than the caller's cap is read.
//
// For example, New(Options{}).Get(ctx, "https://10.0.0.1/", "application/json", 1024) is
// ErrPrivate, and nothing was sent.
//
// It does not check what is answered: status and type are for the caller.
package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Timeout is how long a request may take, its answer included.
const Timeout = 3 * time.Second

// maxHeader caps the header of an answer.
const maxHeader = 16 << 10

// Reasons why nothing was fetched. Errors wrap them; none quotes what was answered.
var (
	// ErrAddress means an address that is not https with a host, or has a user or a
	// fragment.
	ErrAddress = errors.New("fetch: address refused")
	// ErrPrivate means that the name leads into a network that is not public.
	ErrPrivate = errors.New("fetch: address is not public")
	// ErrRedirect means that the server points elsewhere.
	ErrRedirect = errors.New("fetch: redirects are not followed")
	// ErrTooLarge means an answer above the cap.
	ErrTooLarge = errors.New("fetch: answer too large")
	// ErrStatus means that the server answered something else than 200.
	ErrStatus = errors.New("fetch: not found, or the server failed")
	// ErrUnreachable means no answer in time.
	ErrUnreachable = errors.New("fetch: no answer")
)

// Options widens what may be asked. The zero value is safe.
type Options struct {
	// Hosts are names of the operator's own network, as they stand in an address, port
	// included where there is one. Private addresses and plain http count for these.
	Hosts []string
	// Loopback lets http and https reach localhost, 127.0.0.1 and [::1], spelt so.
	Loopback bool
	// Roots are the authorities of servers' certificates; nil means the system's.
	Roots *x509.CertPool
	// Timeout is shorter than [Timeout], or zero.
	Timeout time.Duration
}

// Client asks servers. It is safe for concurrent use.
type Client struct {
	opts Options
	http *http.Client
}

// New makes a client.
func New(opts Options) *Client {
	c := &Client{opts: opts}
	if c.opts.Timeout <= 0 || c.opts.Timeout > Timeout {
		c.opts.Timeout = Timeout
	}
	c.http = &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: c.dial, DisableCompression: true, MaxResponseHeaderBytes: maxHeader, ForceAttemptHTTP2: true,
			TLSClientConfig: &tls.Config{RootCAs: opts.Roots, MinVersion: tls.VersionTLS12},
			MaxIdleConns:    16, MaxConnsPerHost: 16, IdleConnTimeout: 15 * time.Second,
		},
	}
	return c
}

// Response is an answer that was read whole.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Get asks for a document and wants status 200. accept is the media type, empty for any.
// Errors: [ErrStatus], and those of Do.
func (c *Client) Get(ctx context.Context, address, accept string, limit int64) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, ErrAddress
	}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	answer, err := c.Do(r, limit)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", ErrStatus, answer.Status)
	}
	return answer.Body, nil
}

// Do sends a request and reads at most limit bytes of the answer, whatever its status.
// Errors: [ErrAddress] and [ErrPrivate] before anything is sent, [ErrRedirect],
// [ErrTooLarge], [ErrUnreachable], the context's own.
func (c *Client) Do(r *http.Request, limit int64) (*Response, error) {
	if err := c.Check(r.URL); err != nil {
		return nil, err
	}
	outer := r.Context()
	ctx, cancel := context.WithTimeout(outer, c.opts.Timeout)
	defer cancel()
	r = r.Clone(ctx)
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", "hufu")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, failed(outer, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 && answer.StatusCode < 400 && answer.StatusCode != http.StatusNotModified {
		return nil, ErrRedirect
	}
	var body bytes.Buffer
	n, err := io.Copy(&body, io.LimitReader(answer.Body, limit+1))
	if err == nil {
		err = ctx.Err() // a server that is told of the end may end its answer in good order
	}
	switch {
	case err != nil:
		return nil, failed(outer, err)
	case n > limit:
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, limit)
	}
	return &Response{Status: answer.StatusCode, Header: answer.Header, Body: body.Bytes()}, nil
}

// failed keeps a refused address and a caller who gave up apart from a silent server.
func failed(outer context.Context, err error) error {
	switch {
	case errors.Is(err, ErrPrivate):
		return ErrPrivate
	case outer.Err() != nil:
		return context.Cause(outer)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w in time", ErrUnreachable)
	}
	return ErrUnreachable
}

// Check reports whether an address may be asked at all, before its name is resolved. The
// error is [ErrAddress] or [ErrPrivate].
func (c *Client) Check(u *url.URL) error {
	if u == nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return ErrAddress
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && c.trusts(u.Host, u.Hostname())) {
		return ErrAddress
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !c.trusts(u.Host, u.Hostname()) && !public(ip) {
		return ErrPrivate
	}
	return nil
}

// trusts reports whether the operator lets a host be in a network that is not public.
func (c *Client) trusts(host, name string) bool {
	if c.opts.Loopback && isLoopback(name) {
		return true
	}
	return slices.ContainsFunc(c.opts.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

func isLoopback(name string) bool {
	return name == "localhost" || name == "127.0.0.1" || name == "::1"
}

// dial connects to the host of a request, and to no address that is not public, unless the
// operator trusts the host.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, ErrAddress
	}
	own := slices.ContainsFunc(c.opts.Hosts, func(h string) bool {
		return strings.EqualFold(h, address) || strings.EqualFold(h, name) && (port == "443" || port == "80")
	})
	local := c.opts.Loopback && isLoopback(name)
	dialer := &net.Dialer{Control: func(_, dialled string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(dialled)
		if err != nil || !(own || public(to.Addr()) || local && to.Addr().Unmap().IsLoopback()) {
			return ErrPrivate
		}
		return nil
	}}
	return dialer.DialContext(ctx, network, address)
}

// special are the networks of the IANA registries of special-purpose addresses that
// net/netip does not name, those that carry an IPv4 address within among them.
var special = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10")

func prefixes(texts ...string) (out []netip.Prefix) {
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// public reports whether anybody in the world may be asked at an address.
func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Zone() != "" {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(ip) })
}
