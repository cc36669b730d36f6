//go:build js && wasm

// Command prover makes proofs in a browser: the part of a wallet that would
// otherwise need a native app.
//
//	(cd KEYS && zip -0 keys.zip manifest.json *.r1cs *.pk *.vk)
//
// With Go's wasm_exec.js loaded and the module running, a page calls
//
//	hufu.open(new Uint8Array(await (await fetch("keys.zip")).arrayBuffer()))
//	hufu.prepare(JSON.stringify({credential, epoch, key: {from, until}, registry: […], revoked: […]}))
//	hufu.show(JSON.stringify({epoch, request, holdings: [{credential, prepared}]}))
//
// open gives {"circuits": […]}, prepare {"prepared": "<base64>"}, show
// {"answer": ["<base64>"]}, one presentation a question; each gives {"error":
// "…"} where there is nothing to prove. Package message has the form of
// credential, epoch and request; registry and revoked are the leaves and handles
// that the ledger publishes for the epoch, sorted. prepare takes a second or
// two, and is for the time before anybody asks.
//
// Not done here: storing, consent, and marking a prepared proof as used before
// the answer leaves. Package wallet does all of that, and compiles for js/wasm.
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/examples/wasm/bridge"
	"github.com/hufu-id/hufu/examples/wasm/message"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

func main() {
	p := new(page)
	bridge.Serve(map[string]bridge.Func{"open": p.open, "prepare": p.prepare, "show": p.show})
}

// page holds the opened keys.
type page struct{ prover *prover.Prover }

var errNotOpen = errors.New("no keys yet: call open first")

func (p *page) open(archive []byte) (any, error) {
	folder, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("%w: not a zip archive", prover.ErrKeyFile)
	}
	keys, err := prover.OpenFS(folder)
	if err != nil {
		return nil, err
	}
	p.prover = keys
	circuits := make([]zkp.Circuit, 0, 3)
	for c := range keys.Manifest().Circuits {
		circuits = append(circuits, c)
	}
	slices.Sort(circuits)
	return map[string]any{"circuits": circuits}, nil
}

type prepareIn struct {
	Credential message.Credential `json:"credential"`
	Epoch      message.Epoch      `json:"epoch"`
	Key        struct {
		From  string `json:"from"`
		Until string `json:"until"`
	} `json:"key"`
	Registry [][]byte `json:"registry"`
	Revoked  [][]byte `json:"revoked"`
}

func (p *page) prepare(in []byte) (any, error) {
	if p.prover == nil {
		return nil, errNotOpen
	}
	m, err := message.Read[prepareIn](in)
	if err != nil {
		return nil, err
	}
	w, err := m.witness()
	if err != nil {
		return nil, err
	}
	prepared, err := p.prover.Prepare(context.Background(), w)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"prepared": prepared.Bytes()}, nil
}

func (m *prepareIn) witness() (*zkp.PrepareWitness, error) {
	credential, err := m.Credential.Value()
	if err != nil {
		return nil, err
	}
	epoch, err := m.Epoch.Value()
	if err != nil {
		return nil, err
	}
	from, err := zkp.ParseDay(m.Key.From)
	if err != nil {
		return nil, err
	}
	until, err := zkp.ParseDay(m.Key.Until)
	if err != nil {
		return nil, err
	}
	registry, revocation, err := m.trees()
	if err != nil {
		return nil, err
	}
	return zkp.NewPrepareWitness(credential, epoch, from, until, registry, revocation, nil)
}

func (m *prepareIn) trees() (*zkp.Registry, *zkp.Revocation, error) {
	leaves := make([][32]byte, len(m.Registry))
	for i, b := range m.Registry {
		if len(b) != len(leaves[i]) {
			return nil, nil, fmt.Errorf("%w: registry leaf %d", message.ErrForm, i)
		}
		leaves[i] = [32]byte(b)
	}
	handles := make([][zkp.HandleSize]byte, len(m.Revoked))
	for i, b := range m.Revoked {
		if len(b) != len(handles[i]) {
			return nil, nil, fmt.Errorf("%w: revoked handle %d", message.ErrForm, i)
		}
		handles[i] = [zkp.HandleSize]byte(b)
	}
	registry, err := zkp.NewRegistry(leaves)
	if err != nil {
		return nil, nil, err
	}
	revocation, err := zkp.NewRevocation(handles)
	return registry, revocation, err
}

type showIn struct {
	Epoch    message.Epoch   `json:"epoch"`
	Request  message.Request `json:"request"`
	Holdings []struct {
		Credential message.Credential `json:"credential"`
		Prepared   []byte             `json:"prepared"`
	} `json:"holdings"`
}

func (p *page) show(in []byte) (any, error) {
	if p.prover == nil {
		return nil, errNotOpen
	}
	m, err := message.Read[showIn](in)
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
	holdings := make([]zkp.Holding, len(m.Holdings))
	for i := range m.Holdings {
		if holdings[i].Credential, err = m.Holdings[i].Credential.Value(); err != nil {
			return nil, err
		}
		if holdings[i].Prepared, err = zkp.ParsePrepared(m.Holdings[i].Prepared); err != nil {
			return nil, err
		}
	}
	answer, err := zkp.NewAnswer(request, epoch, holdings...)
	if err != nil {
		return nil, err
	}
	shown, err := p.prover.Show(context.Background(), answer)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(shown))
	for i := range shown {
		out[i] = shown[i].Bytes()
	}
	return map[string]any{"answer": out}, nil
}
