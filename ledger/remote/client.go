package remote

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/legible"
)

var (
	// ErrAddress means an address that is not http or https with a host.
	ErrAddress = errors.New("remote: not an address of a ledger")
	// ErrUnreachable means that no server answered. A question stays open, and
	// a submitted batch may be on the ledger or not. It wraps
	// ledger.ErrUnreachable.
	ErrUnreachable = fmt.Errorf("remote: no server answers: %w", ledger.ErrUnreachable)

	// errAnswer is an answer that is not what the protocol says.
	errAnswer = fmt.Errorf("remote: answer not as the protocol says: %w", ledger.ErrReader)
)

// Options changes how servers are asked. The zero value is the safe default.
type Options struct {
	// HTTP is the client. Nil means one that gives a server 30 seconds and
	// follows no redirect.
	HTTP *http.Client
}

// A Client asks one or more servers of one ledger: if one does not answer, the
// next. It is safe for concurrent use.
type Client struct {
	bases []string
	http  *http.Client
	// first is the server that answered last.
	first atomic.Int64
}

// serverTime is the time that a server has to answer. A consortium that lost a
// node needs some seconds to go on.
const serverTime = 30 * time.Second

// New returns a client of the servers at these http or https addresses. The
// error is [ErrAddress].
func New(options Options, addresses ...string) (*Client, error) {
	c := &Client{http: options.HTTP}
	if c.http == nil {
		c.http = newHTTP()
	}
	if len(addresses) == 0 {
		return nil, fmt.Errorf("%w: none given", ErrAddress)
	}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return nil, ErrAddress
		}
		c.bases = append(c.bases, strings.TrimSuffix(u.String(), "/"))
	}
	return c, nil
}

// idleConnections is the number of connections to one server that are kept for
// the next question. net/http keeps two and opens a new one for each question
// beyond them.
const idleConnections = 512

func newHTTP() *http.Client {
	client := &http.Client{
		Timeout:       serverTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if transport, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = transport.Clone()
		transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 2*idleConnections, idleConnections
		client.Transport = transport
	}
	return client
}

// Rotate makes the next question go to another server first, if there are several.
// ledger.Client calls it after an answer that does not verify. It reports whether there
// are several.
func (c *Client) Rotate() bool {
	c.first.Store((c.first.Load() + 1) % int64(len(c.bases)))
	return len(c.bases) > 1
}

// An answer comes from a server.
type answer struct {
	status int
	body   []byte
}

// ask sends a request to one server after the other until one answers with a
// status below 500. limit caps the answer.
func (c *Client) ask(ctx context.Context, method, path string, body []byte, limit int64) (*answer, error) {
	var errs []error
	first := c.first.Load()
	for i := range c.bases {
		n := (int(first) + i) % len(c.bases)
		a, err := c.askOne(ctx, method, c.bases[n]+path, body, limit)
		if err == nil && a.status < http.StatusInternalServerError {
			c.first.Store(int64(n))
			return a, nil
		}
		if err == nil {
			err = fmt.Errorf("status %d: %s", a.status, reasonOf(a.body))
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("%w: %w", ErrUnreachable, errors.Join(errs...))
}

func (c *Client) askOne(ctx context.Context, method, address string, body []byte, limit int64) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, ErrAddress
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: answer of more than %d bytes", ledger.ErrTooLarge, limit)
	}
	return &answer{response.StatusCode, b}, nil
}

func reasonOf(body []byte) string {
	var e wireError
	if readAnswer(body, &e) != nil {
		return "no reason given"
	}
	return legible.Line(e.Error)
}

// get asks and demands a success.
func (c *Client) get(ctx context.Context, path string, limit int64) ([]byte, error) {
	a, err := c.ask(ctx, http.MethodGet, path, nil, limit)
	if err != nil {
		return nil, err
	}
	return a.yes()
}

func (a *answer) yes() ([]byte, error) {
	switch a.status {
	case http.StatusOK:
		return a.body, nil
	case http.StatusNotFound:
		return nil, fmt.Errorf("%w: %w, says the server", ledger.ErrReader, ledger.ErrAbsent)
	case http.StatusRequestEntityTooLarge:
		return nil, fmt.Errorf("%w: says the server", ledger.ErrTooLarge)
	}
	return nil, fmt.Errorf("%w: status %d: %s", errAnswer, a.status, reasonOf(a.body))
}

func (c *Client) getJSON(ctx context.Context, path string, limit int64, v any) error {
	b, err := c.get(ctx, path, limit)
	if err != nil {
		return err
	}
	return readAnswer(b, v)
}

// readAnswer reads JSON whose size was capped when it came in. A newer server may
// add members.
func readAnswer(b []byte, v any) error {
	if err := strictjson.Read(b, len(b), v, strictjson.AllowUnknown); err != nil {
		return fmt.Errorf("%w: %w", errAnswer, err)
	}
	return nil
}

// Submit implements ledger.Submitter. After a [*ledger.RefusedError],
// ledger.ErrFormat or ledger.ErrTooLarge nothing has changed. After any other
// error, such as [ErrUnreachable], the batch may be on the ledger or not.
func (c *Client) Submit(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
	body := ledger.FormatBatch(ops)
	if _, err := ledger.ParseBatch(body); err != nil {
		return nil, err
	}
	a, err := c.ask(ctx, http.MethodPost, "/v1/submit", body, limits.Proof)
	if err != nil {
		return nil, err
	}
	if a.status == http.StatusConflict {
		var w wireRefusal
		if err := readAnswer(a.body, &w); err != nil {
			return nil, err
		}
		return nil, w.refused()
	}
	b, err := a.yes()
	if err != nil {
		return nil, err
	}
	var w wireReceipt
	if err := readAnswer(b, &w); err != nil {
		return nil, err
	}
	return w.receipt(ops)
}

// Prove implements ledger.Reader. The proof is not verified.
func (c *Client) Prove(ctx context.Context, keys ...string) (*ledger.Proof, error) {
	body, err := json.Marshal(wireProve{keys})
	if err != nil {
		return nil, fmt.Errorf("%w: %d keys", ledger.ErrKey, len(keys))
	}
	a, err := c.ask(ctx, http.MethodPost, "/v1/prove", body, limits.Proof)
	if err != nil {
		return nil, err
	}
	b, err := a.yes()
	if err != nil {
		return nil, err
	}
	return ledger.ParseProof(b)
}

// ProveConsistency implements ledger.Reader. The proof is not verified.
func (c *Client) ProveConsistency(ctx context.Context, from, to uint64) ([]tlog.Hash, error) {
	var w wireHashes
	if err := c.getJSON(ctx, fmt.Sprintf("/v1/consistency?from=%d&to=%d", from, to), limits.Document, &w); err != nil {
		return nil, err
	}
	hashes := make([]tlog.Hash, len(w.Hashes))
	for i, h := range w.Hashes {
		if len(h) != tlog.HashSize {
			return nil, errAnswer
		}
		hashes[i] = tlog.Hash(h)
	}
	return hashes, nil
}

// Checkpoint returns the newest signed checkpoint. It is not verified.
func (c *Client) Checkpoint(ctx context.Context) ([]byte, error) {
	return c.get(ctx, "/v1/checkpoint", limits.Checkpoint)
}

// ProveInclusion returns the proof that a leaf is in the log. It is not
// verified: see ledger.VerifyInclusion.
func (c *Client) ProveInclusion(ctx context.Context, index uint64) (*ledger.Inclusion, error) {
	b, err := c.get(ctx, "/v1/inclusion/"+strconv.FormatUint(index, 10), limits.Proof)
	if err != nil {
		return nil, err
	}
	return ledger.ParseInclusion(b)
}

// maxLeaves caps an answer with leaves, which are longer in JSON.
const maxLeaves = 4 * limits.Proof

// Entries returns some leaves of the log from an index on. They are not
// verified. The error is ledger.ErrAbsent beyond the end of the log.
func (c *Client) Entries(ctx context.Context, from uint64) ([][]byte, error) {
	var w wireLeaves
	err := c.getJSON(ctx, "/v1/entries?from="+strconv.FormatUint(from, 10), maxLeaves, &w)
	return w.Leaves, err
}

// Tile returns the hashes of a tile. They are not verified: see
// tlog.TileHashReader.
func (c *Client) Tile(ctx context.Context, tile tlog.Tile) ([]byte, error) {
	if tile.H < 1 || tile.L < 0 || tile.N < 0 {
		return nil, fmt.Errorf("%w: tile", ledger.ErrFormat)
	}
	return c.get(ctx, "/v1/"+tile.Path(), limits.Document)
}

// Pending returns the checkpoint and the leaves that a witness checks next.
// They are not verified: see sqlitelog.Witness.
func (c *Client) Pending(ctx context.Context, from uint64) (signed []byte, leaves [][]byte, err error) {
	var w wirePending
	err = c.getJSON(ctx, "/v1/pending?from="+strconv.FormatUint(from, 10), maxLeaves, &w)
	return w.Checkpoint, w.Leaves, err
}

// AddCosignature sends a note with a witness's signature.
func (c *Client) AddCosignature(ctx context.Context, signed []byte) error {
	a, err := c.ask(ctx, http.MethodPost, "/v1/cosignature", signed, limits.Document)
	if err != nil {
		return err
	}
	if a.status == http.StatusNoContent {
		return nil
	}
	_, err = a.yes()
	return err
}

// Keys lists some keys with a prefix, in ascending order, from the one after a
// given key on. They are not verified. The list is empty at the end.
func (c *Client) Keys(ctx context.Context, prefix, after string) ([]string, error) {
	var w wireProve
	path := "/v1/keys?prefix=" + url.QueryEscape(prefix) + "&after=" + url.QueryEscape(after)
	if err := c.getJSON(ctx, path, limits.Proof, &w); err != nil {
		return nil, err
	}
	for i, key := range w.Keys {
		if !strings.HasPrefix(key, prefix) || key <= after || i > 0 && key <= w.Keys[i-1] {
			return nil, errAnswer
		}
	}
	return w.Keys, nil
}

// History returns some operations that changed a key, from a leaf on. They are
// not verified.
func (c *Client) History(ctx context.Context, key string, from uint64) ([]ledger.Change, error) {
	var w wireChanges
	path := "/v1/history?key=" + url.QueryEscape(key) + "&from=" + strconv.FormatUint(from, 10)
	if err := c.getJSON(ctx, path, maxLeaves, &w); err != nil {
		return nil, err
	}
	var changes []ledger.Change
	for _, change := range w.Changes {
		changes = append(changes, ledger.Change(change))
	}
	return changes, nil
}

// TrustChain returns the consortium's agreements from a number on. They are not
// verified: see ledger.TrustFile.Follow.
func (c *Client) TrustChain(ctx context.Context, from uint64) ([]*ledger.SignedOperation, error) {
	var w wireOperations
	if err := c.getJSON(ctx, "/v1/agreements?from="+strconv.FormatUint(from, 10), maxLeaves, &w); err != nil {
		return nil, err
	}
	var chain []*ledger.SignedOperation
	for _, b := range w.Operations {
		op, err := ledger.ParseSignedOperation(b)
		if err != nil {
			return nil, err
		}
		chain = append(chain, op)
	}
	return chain, nil
}

// Registry lists the registry leaves of a closed epoch. They are not verified.
func (c *Client) Registry(ctx context.Context, epoch uint64) ([][32]byte, error) {
	b, err := c.get(ctx, "/v1/registry/"+strconv.FormatUint(epoch, 10), limits.FeedRegistry)
	if err != nil {
		return nil, err
	}
	return split(b, func(b []byte) [32]byte { return [32]byte(b) })
}

const (
	// maxRevoked caps the handles that Revoked returns, as in a file of a feed.
	maxRevoked = limits.FeedPart / ledger.HandleSize
	// maxPages caps the pages that Revoked asks for.
	maxPages = 1024
)

// Revoked lists the revoked handles of a closed epoch, page by page. They are not
// verified. The error is ledger.ErrTooLarge where there are more than 4,194,304.
func (c *Client) Revoked(ctx context.Context, epoch uint64) (handles [][ledger.HandleSize]byte, err error) {
	var after []byte
	for range maxPages {
		page, err := c.RevokedAfter(ctx, epoch, after)
		if err != nil {
			return nil, err
		}
		if handles = append(handles, page.Handles...); len(handles) > maxRevoked {
			break
		}
		if after = page.Next; after == nil {
			return handles, nil
		}
	}
	return nil, fmt.Errorf("%w: revoked handles", ledger.ErrTooLarge)
}

// RevokedAfter implements ledger.Ledger. The handles are not verified.
func (c *Client) RevokedAfter(ctx context.Context, epoch uint64, after []byte) (*ledger.RevokedPage, error) {
	path := "/v1/revoked/" + strconv.FormatUint(epoch, 10)
	if after != nil {
		path += "?after=" + hex.EncodeToString(after)
	}
	var w wireRevoked
	if err := c.getJSON(ctx, path, maxLeaves, &w); err != nil {
		return nil, err
	}
	return w.page(after)
}

// split cuts b into pieces of the size of T.
func split[T [ledger.HandleSize]byte | [32]byte](b []byte, piece func([]byte) T) ([]T, error) {
	var zero T
	if len(b)%len(zero) != 0 {
		return nil, errAnswer
	}
	out := make([]T, len(b)/len(zero))
	for i := range out {
		out[i] = piece(b[i*len(zero) : (i+1)*len(zero)])
	}
	return out, nil
}

// Open joins the ledger at some addresses with the defaults of [New] and
// [ledger.NewClient]. It fetches the trust file with a fingerprint, which came another
// way, and returns a reader that verifies, and the client for writing and for sets.
// trust returns the store that keeps the reader's trust, by the ledger's origin.
// Errors are those of New, [Client.TrustFile] and ledger.NewClient.
func Open[S ledger.TrustStore](ctx context.Context, fingerprint string, trust func(origin string) S, addresses ...string) (*ledger.Client, *Client, error) {
	c, err := New(Options{}, addresses...)
	if err != nil {
		return nil, nil, err
	}
	file, err := c.TrustFile(ctx, fingerprint)
	if err != nil {
		return nil, nil, err
	}
	reader, err := ledger.NewClient(ctx, file, c, trust(file.Origin), ledger.ClientOptions{})
	return reader, c, err
}

// TrustFile returns the trust file of a server if it has the given fingerprint,
// which came another way. Errors are those of ledger.ParseTrustPinned.
func (c *Client) TrustFile(ctx context.Context, fingerprint string) (*ledger.TrustFile, error) {
	b, err := c.get(ctx, "/v1/trust", limits.Document)
	if err != nil {
		return nil, err
	}
	return ledger.ParseTrustPinned(b, fingerprint)
}
