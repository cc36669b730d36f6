package cometlog

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/hufu-id/hufu/ledger"
)

// rememberedProofs bounds the number of remembered proofs to twice this.
const rememberedProofs = 1 << 14

// A provedOnce is zero knowledge that verifies the proofs of a use once. A node judges a
// use when it comes in, after each block that does not contain it, and in its block.
// Proofs that do not hold are not remembered.
type provedOnce struct {
	ledger.ZK

	mu         sync.Mutex
	young, old map[[32]byte]proved
}

// A proved is a nullifier, and what the proof was verified under.
type proved struct {
	nullifier [32]byte
	keys      []usedKey
}

// A usedKey is a verifying key that a proof was verified with.
type usedKey struct {
	circuit  string
	file     [32]byte
	ceremony bool
}

func newProvedOnce(zk ledger.ZK) *provedOnce {
	return &provedOnce{ZK: zk, young: map[[32]byte]proved{}, old: map[[32]byte]proved{}}
}

// CheckUse implements ledger.ZK. Every argument, and every verifying key, is part of what
// is remembered.
func (p *provedOnce) CheckUse(proof []byte, owner, event string, payload [32]byte, schema string, version uint32, statement [32]byte, epoch uint64, day uint32, registry, revocation [32]byte, key func(circuit string) (file []byte, ceremony bool, err error)) (nullifier [32]byte, err error) {
	id := proofID(proof, []byte(owner), []byte(event), payload[:], []byte(schema), number(uint64(version)), statement[:],
		number(epoch), number(uint64(day)), registry[:], revocation[:])
	if known, ok := p.find(id); ok {
		same, err := known.under(key)
		if err != nil || same {
			return known.nullifier, err
		}
	}
	var keys []usedKey
	nullifier, err = p.ZK.CheckUse(proof, owner, event, payload, schema, version, statement, epoch, day, registry, revocation,
		func(circuit string) ([]byte, bool, error) {
			file, ceremony, err := key(circuit)
			keys = append(keys, usedKey{circuit, sha256.Sum256(file), ceremony})
			return file, ceremony, err
		})
	if err == nil {
		p.keep(id, proved{nullifier, keys})
	}
	return nullifier, err
}

// under reports whether the verifying keys are those of the time before.
func (k proved) under(key func(circuit string) ([]byte, bool, error)) (bool, error) {
	for _, used := range k.keys {
		file, ceremony, err := key(used.circuit)
		if err != nil {
			return false, err
		}
		if sha256.Sum256(file) != used.file || ceremony != used.ceremony {
			return false, nil
		}
	}
	return true, nil
}

func (p *provedOnce) find(id [32]byte) (proved, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.young[id]
	if !ok {
		known, ok = p.old[id]
	}
	return known, ok
}

func (p *provedOnce) keep(id [32]byte, known proved) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.young) >= rememberedProofs {
		p.young, p.old = map[[32]byte]proved{}, p.young
	}
	p.young[id] = known
}

// proofID hashes arguments, each with its length.
func proofID(parts ...[]byte) (id [32]byte) {
	h := sha256.New()
	for _, part := range parts {
		h.Write(number(uint64(len(part))))
		h.Write(part)
	}
	h.Sum(id[:0])
	return id
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
