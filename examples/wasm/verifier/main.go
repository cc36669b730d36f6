//go:build js && wasm

// Command verifier is a whole service counter in a browser: it asks, and it
// decides, from a bundle of ledger proofs and without a network.
//
// Built as the package comment of examples/wasm says, with Go's wasm_exec.js
// loaded and the module running, a page calls
//
//	hufu.open(JSON.stringify({
//	  trust: "<trust.json>", fingerprint: "<hex, which came another way>",
//	  policy: "<policy file>", schemas: ["<schema file>"], verifying_keys: ["<base64>"],
//	  status: {"<uri>": "<status list token>"}, ledger: {proof: "<base64>"},
//	  identity: {did: "…", key_id: "…", key: "<base64 of the 32 bytes of a P-256 key>"}
//	}))
//	hufu.ask()              // {"request": "<request object>"}: show it as a QR code
//	hufu.verify(response)   // what the wallet sent back
//	hufu.refresh(JSON.stringify({ledger: {proof, from, consistency}, status: {…}}))
//
// verify gives {"accepted": true, "result": …}, {"accepted": false, "check":
// "prepare", "code": "prepare-proof", "en": "…", "zh": "…"} where a check was made
// and failed, or {"error": "…"} where it could not be found out, which is never a
// no. Code and sentences are those of package verdict. refresh takes a newer
// bundle with a proof that the ledger of size from only grew since.
//
// Files go in as strings, byte for byte, because their hashes count.
//
// What is not kept: requests, used nonces and once-only pseudonyms live in
// memory and end with the page, so that a counter which must refuse a second
// use tomorrow needs another verifier.Store. The identity's key lies in the
// page's memory; a page that only checks can use one of its own making.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/examples/wasm/bridge"
	"github.com/hufu-id/hufu/examples/wasm/message"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/verifier"
)

func main() {
	c := new(counter)
	bridge.Serve(map[string]bridge.Func{"open": c.open, "refresh": c.refresh, "ask": c.ask, "verify": c.verify})
}

// counter is the verifier with what a refresh replaces beneath it.
type counter struct {
	verifier *verifier.Verifier
	ledger   *bundle
	public   *publish.Memory
}

var errNotOpen = errors.New("no counter yet: call open first")

type openIn struct {
	Trust       string `json:"trust"`
	Fingerprint string `json:"fingerprint"`
	Policy      string `json:"policy"`
	filesIn
	Ledger   bundleIn `json:"ledger"`
	Identity struct {
		DID   string `json:"did"`
		KeyID string `json:"key_id"`
		Key   []byte `json:"key"` // the scalar of a P-256 key
	} `json:"identity"`
	AllowSinglePartySetupUnsafe bool `json:"allow_single_party_setup_unsafe,omitzero"`
}

func (c *counter) open(in []byte) (any, error) {
	m, err := message.Read[openIn](in)
	if err != nil {
		return nil, err
	}
	trust, err := ledger.ParseTrustPinned([]byte(m.Trust), m.Fingerprint)
	if err != nil {
		return nil, err
	}
	policy, err := verifier.ParsePolicy([]byte(m.Policy))
	if err != nil {
		return nil, err
	}
	reader, err := m.Ledger.bundle()
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), m.Identity.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: identity's key", message.ErrForm)
	}
	public := new(publish.Memory)
	if err := m.publish(public); err != nil {
		return nil, err
	}
	client, err := ledger.NewClient(context.Background(), trust, reader, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		return nil, err
	}
	v, err := verifier.New(verifier.Config{
		Identity: verifier.Identity{DID: m.Identity.DID, KeyID: m.Identity.KeyID, Key: key},
		Ledger:   client, Policies: []*verifier.Policy{policy}, Store: verifier.NewMemoryStore(),
		Public: public, AllowSinglePartySetupUnsafe: m.AllowSinglePartySetupUnsafe,
	})
	if err != nil {
		return nil, err
	}
	*c = counter{v, reader, public}
	return map[string]bool{"open": true}, nil
}

type refreshIn struct {
	filesIn
	Ledger bundleIn `json:"ledger"`
}

func (c *counter) refresh(in []byte) (any, error) {
	if c.verifier == nil {
		return nil, errNotOpen
	}
	m, err := message.Read[refreshIn](in)
	if err != nil {
		return nil, err
	}
	newer, err := m.Ledger.bundle()
	if err != nil {
		return nil, err
	}
	if err := m.publish(c.public); err != nil {
		return nil, err
	}
	*c.ledger = *newer
	return map[string]bool{"refreshed": true}, nil
}

func (c *counter) ask([]byte) (any, error) {
	if c.verifier == nil {
		return nil, errNotOpen
	}
	request, err := c.verifier.NewRequest(context.Background(), verifier.RequestOptions{})
	if err != nil {
		return nil, err
	}
	return map[string]string{"request": string(request.Object)}, nil
}

type decision struct {
	Accepted bool             `json:"accepted"`
	Check    verifier.Check   `json:"check,omitzero"`
	Code     verdict.Code     `json:"code,omitzero"`
	English  string           `json:"en,omitzero"`
	Chinese  string           `json:"zh,omitzero"`
	Result   *verifier.Result `json:"result,omitzero"`
}

func (c *counter) verify(response []byte) (any, error) {
	if c.verifier == nil {
		return nil, errNotOpen
	}
	result, err := c.verifier.Verify(context.Background(), response)
	var rejected *verifier.Rejected
	switch {
	case err == nil:
		return decision{Accepted: true, Result: result}, nil
	case errors.As(err, &rejected):
		return decision{Check: rejected.Check, Code: rejected.Code(), English: rejected.Describe("en"), Chinese: rejected.Describe("zh")}, nil
	}
	return nil, err
}
