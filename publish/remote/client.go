package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hufu-id/hufu/publish"
)

// ErrAddress means an address that is not https with a host, nor http on this
// machine, or that has a query, a fragment or a user.
var ErrAddress = errors.New("remote: not an address of public files")

// Options changes how a server is asked. The zero value is safe.
type Options struct {
	// HTTP is the client; nil means one that goes by the environment's proxy. Its
	// cookies and its rules for redirects are not used. A Timeout of zero means two
	// minutes for a file.
	HTTP *http.Client
}

// Client reads public files from one or more web servers that serve the same ones:
// where one does not answer or lacks a file, the next is asked. It is a
// publish.Source.
type Client struct {
	bases []string
	http  *http.Client
	// first is the server that had the last file.
	first atomic.Int64
}

const (
	// fileTime is how long a file may take: the feed's largest is 64 MiB.
	fileTime = 2 * time.Minute
	// answerTime is how long a server may take before it begins to answer.
	answerTime = 30 * time.Second
)

// New makes a client of the files below some addresses, at least one. Each is that
// of the folder, with or without a slash at its end. The error is [ErrAddress].
func New(opts Options, addresses ...string) (*Client, error) {
	if len(addresses) == 0 {
		return nil, fmt.Errorf("%w: none given", ErrAddress)
	}
	c := &Client{http: newHTTP(opts.HTTP)}
	for _, address := range addresses {
		if err := CheckAddress(address); err != nil {
			return nil, err
		}
		c.bases = append(c.bases, strings.TrimSuffix(address, "/")+"/")
	}
	return c, nil
}

// CheckAddress accepts an address that New takes. The error is [ErrAddress].
func CheckAddress(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(address, "?#"):
		return ErrAddress
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return ErrAddress
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func newHTTP(given *http.Client) *http.Client {
	client := new(http.Client)
	if given != nil {
		*client = *given
	} else if transport, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = transport.Clone()
		transport.ResponseHeaderTimeout = answerTime
		transport.DisableCompression = true
		client.Transport = transport
	}
	if client.Timeout == 0 {
		client.Timeout = fileTime
	}
	client.Jar = nil
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

// Read implements publish.Source. A server that answers with something else than the
// file is passed over, too. The error is publish.ErrNotAtHand where a server says so and
// no other has the file, that of publish.Name.Check, ctx's, or publish.ErrUnreachable
// for everything else, redirects included.
func (c *Client) Read(ctx context.Context, name publish.Name) ([]byte, error) {
	if name == (publish.Name{}) {
		return nil, publish.ErrName
	}
	var failed error
	first := c.first.Load()
	for i := range c.bases {
		n := (int(first) + i) % len(c.bases)
		b, err := c.read(ctx, c.bases[n], name)
		if err == nil {
			c.first.Store(int64(n))
			return b, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		if failed == nil || errors.Is(err, publish.ErrNotAtHand) {
			failed = err
		}
	}
	return nil, failed
}

func (c *Client) read(ctx context.Context, base string, name publish.Name) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+name.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	keepAnonymous(request)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		b, err := body(ctx, response, name.Limit())
		if err == nil {
			err = name.Check(b)
		}
		if err != nil {
			return nil, err
		}
		return b, nil
	case http.StatusNotFound, http.StatusGone:
		return nil, publish.ErrNotAtHand
	}
	return nil, fmt.Errorf("%w: status %d", publish.ErrUnreachable, response.StatusCode)
}

func body(ctx context.Context, response *http.Response, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", publish.ErrTooLarge, limit)
	}
	return b, nil
}

// unreachable keeps a reader who gave up apart from a server that does not answer.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w: %w", publish.ErrUnreachable, err)
}
