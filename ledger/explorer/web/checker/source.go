//go:build js && wasm

package main

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"syscall/js"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
)

// errUnreachable means that the server did not answer, or did not answer the
// question.
var errUnreachable = errors.New("checker: the server does not answer")

// maxAnswer caps the length of a server's answer.
const maxAnswer = 8 << 20

// source asks a server of package remote's protocol with the browser's own
// fetch. net/http would make the module half as large again.
type source struct{ base string }

func (s *source) get(_ context.Context, path string) ([]byte, error) {
	options := js.Global().Get("Object").New()
	options.Set("cache", "no-store")
	options.Set("credentials", "omit")
	options.Set("redirect", "error")
	response, err := await(js.Global().Call("fetch", s.base+path, options))
	if err != nil {
		return nil, err
	}
	body, err := await(response.Call("arrayBuffer"))
	if err != nil || !response.Get("ok").Bool() {
		return nil, errUnreachable
	}
	array := js.Global().Get("Uint8Array").New(body)
	if array.Length() > maxAnswer {
		return nil, ledger.ErrTooLarge
	}
	b := make([]byte, array.Length())
	js.CopyBytesToGo(b, array)
	return b, nil
}

// await waits for a promise.
func await(promise js.Value) (js.Value, error) {
	done := make(chan js.Value, 1)
	failed := make(chan error, 1)
	kept := js.FuncOf(func(_ js.Value, args []js.Value) any { done <- args[0]; return nil })
	broken := js.FuncOf(func(js.Value, []js.Value) any { failed <- errUnreachable; return nil })
	defer kept.Release()
	defer broken.Release()
	promise.Call("then", kept, broken)
	select {
	case v := <-done:
		return v, nil
	case err := <-failed:
		return js.Value{}, err
	}
}

func getJSON[T any](ctx context.Context, s *source, path string) (out T, err error) {
	b, err := s.get(ctx, path)
	if err != nil {
		return out, err
	}
	if err := strictjson.Read(b, maxAnswer, &out, strictjson.AllowUnknown); err != nil {
		return out, ledger.ErrFormat
	}
	return out, nil
}

func query(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return "?" + values.Encode()
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// Prove implements ledger.Reader.
func (s *source) Prove(ctx context.Context, keys ...string) (*ledger.Proof, error) {
	var pairs []string
	for _, key := range keys {
		pairs = append(pairs, "key", key)
	}
	b, err := s.get(ctx, "/v1/prove"+query(pairs...))
	if err != nil {
		return nil, err
	}
	return ledger.ParseProof(b)
}

// ProveConsistency implements ledger.Reader. No question of the page needs it.
func (s *source) ProveConsistency(context.Context, uint64, uint64) ([]tlog.Hash, error) {
	return nil, errors.ErrUnsupported
}

// Keys implements explorer.Source.
func (s *source) Keys(ctx context.Context, prefix, after string) ([]string, error) {
	out, err := getJSON[struct {
		Keys []string `json:"keys"`
	}](ctx, s, "/v1/keys"+query("prefix", prefix, "after", after))
	return out.Keys, err
}

// History implements explorer.Source.
func (s *source) History(ctx context.Context, key string, from uint64) ([]ledger.Change, error) {
	out, err := getJSON[struct {
		Changes []struct {
			Index uint64 `json:"index"`
			Leaf  []byte `json:"leaf"`
		} `json:"changes"`
	}](ctx, s, "/v1/history"+query("key", key, "from", number(from)))
	var changes []ledger.Change
	for _, c := range out.Changes {
		changes = append(changes, ledger.Change(c))
	}
	return changes, err
}

// Entries implements explorer.Source.
func (s *source) Entries(ctx context.Context, from uint64) ([][]byte, error) {
	out, err := getJSON[struct {
		Leaves [][]byte `json:"leaves"`
	}](ctx, s, "/v1/entries"+query("from", number(from)))
	return out.Leaves, err
}

// ProveInclusion implements explorer.Source.
func (s *source) ProveInclusion(ctx context.Context, index uint64) (*ledger.Inclusion, error) {
	b, err := s.get(ctx, "/v1/inclusion/"+number(index))
	if err != nil {
		return nil, err
	}
	return ledger.ParseInclusion(b)
}

// TrustChain implements explorer.Source.
func (s *source) TrustChain(ctx context.Context, from uint64) ([]*ledger.SignedOperation, error) {
	out, err := getJSON[struct {
		Operations [][]byte `json:"operations"`
	}](ctx, s, "/v1/agreements"+query("from", number(from)))
	if err != nil {
		return nil, err
	}
	var chain []*ledger.SignedOperation
	for _, b := range out.Operations {
		op, err := ledger.ParseSignedOperation(b)
		if err != nil {
			return nil, err
		}
		chain = append(chain, op)
	}
	return chain, nil
}
