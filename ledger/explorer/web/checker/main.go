//go:build js && wasm

// Command checker is the program with which the public pages check themselves.
// It asks the server for proofs, verifies each before it believes it, and
// answers from package explorer.
//
// It puts an object hufu into the global scope:
//
//	check(question)     a promise of {"answer"} or {"error"}; see question
//	salted(salt, name)  the salted hash of a name, "" for a malformed salt
//
// Build it with go generate in the folder above.
package main

import (
	"context"
	"encoding/hex"
	"errors"
	"syscall/js"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/explorer"
)

func main() {
	object := js.Global().Get("Object").New()
	object.Set("check", js.FuncOf(func(_ js.Value, args []js.Value) any { return promise(args) }))
	object.Set("salted", js.FuncOf(func(_ js.Value, args []js.Value) any { return salted(args) }))
	js.Global().Set("hufu", object)
	select {}
}

// question is the question that a page answers.
type question struct {
	// Base is the server's address, without a slash at its end.
	Base string `json:"base"`
	// About is "ledger", "agency", "schema" or "record".
	About   string `json:"about"`
	DID     string `json:"did"`
	ID      string `json:"id"`
	Version uint32 `json:"version"`
	Hash    string `json:"hash"`
	// Agency is the DID of the one that anchored Hash, or began the record.
	Agency string `json:"agency"`
	// Fingerprint is the fingerprint of the trust file, if the visitor has one.
	Fingerprint string `json:"fingerprint"`
}

type reply struct {
	*explorer.Answer
	// Fingerprint is the fingerprint of the trust file behind the answer.
	Fingerprint string `json:"fingerprint,omitzero"`
	// Error is one of the codes.
	Error string `json:"error,omitzero"`
}

// promise runs a question in the background, because it waits for the network.
func promise(args []js.Value) js.Value {
	var executor js.Func
	executor = js.FuncOf(func(_ js.Value, settle []js.Value) any {
		executor.Release()
		go func() { settle[0].Invoke(write(ask(args))) }()
		return nil
	})
	return js.Global().Get("Promise").New(executor)
}

func write(r reply) string {
	b, err := json.Marshal(r)
	if err != nil {
		return `{"error":"other"}`
	}
	return string(b)
}

func ask(args []js.Value) reply {
	var q question
	if len(args) != 1 || args[0].Type() != js.TypeString || strictjson.Read([]byte(args[0].String()), limits.Document, &q) != nil {
		return reply{Error: "other"}
	}
	source := &source{base: q.Base}
	ctx := context.Background()
	b, err := source.get(ctx, "/v1/trust")
	if err != nil {
		return reply{Error: code(err)}
	}
	trust, err := openTrust(b, q.Fingerprint)
	if err != nil {
		return reply{Error: code(err)}
	}
	// Each question begins with the pinned trust file: the browser keeps nothing.
	client, err := ledger.NewClient(ctx, trust, source, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		return reply{Error: code(err)}
	}
	answer, err := q.answer(ctx, explorer.New(client, source))
	if err != nil {
		return reply{Error: code(err)}
	}
	fingerprint := trust.Fingerprint()
	return reply{Answer: answer, Fingerprint: hex.EncodeToString(fingerprint[:])}
}

// openTrust treats an answer that is not a trust file as no answer: it claims
// nothing.
func openTrust(b []byte, fingerprint string) (*ledger.TrustFile, error) {
	trust, err := ledger.ParseTrust(b)
	if err != nil {
		return nil, errUnreachable
	}
	if fingerprint == "" {
		return trust, nil
	}
	return ledger.ParseTrustPinned(b, fingerprint)
}

func (q *question) answer(ctx context.Context, x *explorer.Explorer) (*explorer.Answer, error) {
	switch q.About {
	case "ledger":
		return x.Ledger(ctx)
	case "agency":
		return x.OfAgency(ctx, q.DID)
	case "schema":
		return x.OfSchema(ctx, q.ID, q.Version)
	case "record":
		hash, err := hex.DecodeString(q.Hash)
		if err != nil || len(hash) != 32 {
			return nil, ledger.ErrKey
		}
		return x.OfRecord(ctx, q.Agency, [32]byte(hash))
	}
	return nil, errors.New("checker: no such question")
}

// code sorts errors into what is false and what could not be checked.
func code(err error) string {
	for _, c := range []struct {
		code string
		err  error
	}{
		{"unreachable", errUnreachable},
		{"fingerprint", ledger.ErrFingerprint},
		{"stale", ledger.ErrStale},
		{"clock", ledger.ErrClock},
		{"signature", ledger.ErrSignature},
		{"signature", ledger.ErrNotWitnessed},
		{"signature", ledger.ErrOrigin},
		{"proof", ledger.ErrNotIncluded},
		{"proof", ledger.ErrFormat},
		{"proof", ledger.ErrReader},
		{"history", explorer.ErrHistory},
	} {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return "other"
}

func salted(args []js.Value) string {
	if len(args) != 2 || args[0].Type() != js.TypeString || args[1].Type() != js.TypeString {
		return ""
	}
	salt, err := hex.DecodeString(args[0].String())
	if err != nil || len(salt) != 16 {
		return ""
	}
	hash := ledger.SaltedHash([16]byte(salt), args[1].String())
	return hex.EncodeToString(hash[:])
}
