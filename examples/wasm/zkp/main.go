//go:build js && wasm

// Command zkp is zkp.Verify alone, for a browser or any other JavaScript: a
// page that has the ledger's roots and keys from elsewhere and only wants the
// proofs checked. Package verifier decides far more; see examples/wasm/verifier.
//
// Built as the package comment of examples/wasm says, with Go's wasm_exec.js
// loaded and the module running, the page calls
//
//	hufu.open(JSON.stringify({keys: [{file: "<base64>", sha256: "<hex>"}, …]}))
//	hufu.verify(JSON.stringify({epoch: …, request: …, answer: ["<base64>"]}))
//
// and gets {"accepted": true, "epoch": 7, "scope": "…", "pseudonym": "…"}, or
// {"accepted": false, "check": "show", "reason": "…"} where a check failed, or
// {"error": "…"} where nothing could be checked. Package message has the form
// of epoch and request; an answer is one presentation a question.
//
// Not checked: what zkp.Verify does not know (first use, freshness of the
// epoch, whose scope it is), and where the pinned hashes come from: they are to
// be those of the ledger's vk objects.
package main

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/examples/wasm/bridge"
	"github.com/hufu-id/hufu/examples/wasm/message"
	"github.com/hufu-id/hufu/zkp"
)

func main() {
	v := new(verifier)
	bridge.Serve(map[string]bridge.Func{"open": v.open, "verify": v.verify})
}

// verifier holds the opened keys.
type verifier struct{ keys *zkp.Keys }

type openIn struct {
	Keys []struct {
		File   []byte `json:"file"`
		SHA256 string `json:"sha256"`
	} `json:"keys"`
	AllowSinglePartySetupUnsafe bool `json:"allow_single_party_setup_unsafe,omitzero"`
}

func (v *verifier) open(in []byte) (any, error) {
	m, err := message.Read[openIn](in)
	if err != nil {
		return nil, err
	}
	var keys []*zkp.VerifyingKey
	for _, k := range m.Keys {
		pin, err := hex.DecodeString(k.SHA256)
		if err != nil || len(pin) != 32 {
			return nil, fmt.Errorf("%w: SHA-256 of a key", message.ErrForm)
		}
		key, err := zkp.ParseVerifyingKey(k.File, [32]byte(pin), zkp.KeyOptions{AllowSinglePartySetupUnsafe: m.AllowSinglePartySetupUnsafe})
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if v.keys, err = zkp.NewKeys(keys...); err != nil {
		return nil, err
	}
	return map[string]bool{"open": true}, nil
}

type verifyIn struct {
	Epoch   message.Epoch   `json:"epoch"`
	Request message.Request `json:"request"`
	Answer  [][]byte        `json:"answer"`
}

type decision struct {
	Accepted  bool   `json:"accepted"`
	Check     string `json:"check,omitzero"`
	Reason    string `json:"reason,omitzero"`
	Epoch     uint64 `json:"epoch,omitzero"`
	Scope     []byte `json:"scope,omitzero"`
	Pseudonym []byte `json:"pseudonym,omitzero"`
}

func (v *verifier) verify(in []byte) (any, error) {
	m, err := message.Read[verifyIn](in)
	if err != nil {
		return nil, err
	}
	epoch, err := m.Epoch.Value()
	if err != nil {
		return nil, err
	}
	request, err := m.Request.Value()
	if err != nil {
		return nil, err
	}
	answer := make([]*zkp.Presentation, len(m.Answer))
	for i, b := range m.Answer {
		if answer[i], err = zkp.ParsePresentation(b); err != nil {
			return decision{Check: "form", Reason: err.Error()}, nil
		}
	}
	shown, err := zkp.Verify(v.keys, epoch, request, answer...)
	if err != nil {
		return refusal(err)
	}
	scope, pseudonym := shown.Scope.Bytes(), shown.Pseudonym.Bytes()
	return decision{Accepted: true, Epoch: shown.Epoch, Scope: scope[:], Pseudonym: pseudonym[:]}, nil
}

// refusal names the check that failed; what says nothing of the answer stays an
// error.
func refusal(err error) (any, error) {
	for _, c := range []struct {
		err  error
		name string
	}{
		{zkp.ErrForm, "form"}, {zkp.ErrEpoch, "epoch"}, {zkp.ErrHolder, "holder"}, {zkp.ErrPrepare, "prepare"}, {zkp.ErrShow, "show"},
	} {
		if errors.Is(err, c.err) {
			return decision{Check: c.name, Reason: err.Error()}, nil
		}
	}
	return nil, err
}
