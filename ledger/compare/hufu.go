package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// hufu is our ledger, and its root agency, who signs everything here.
type hufu struct {
	log    *sqlitelog.Log
	key    crypto.Signer
	agency string
	hashes uint64 // made so far
}

// openHufu makes a ledger in a new folder. Neither anchors nor audit entries
// need zero knowledge, so a stand-in serves.
func openHufu(ctx context.Context, dir string) (*hufu, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key of the root agency: %w", err)
	}
	next, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key for the next agreement: %w", err)
	}
	decider, err := ledger.NewDecider(key.Public(), next.Public())
	if err != nil {
		return nil, err
	}
	log, err := sqlitelog.Init(ctx, dir, "ledger.example/peers", ledgertest.ZK{}, key,
		sqlitelog.InitOptions{Deciders: []ledger.Decider{decider}})
	if err != nil {
		return nil, err
	}
	return &hufu{log: log, key: key, agency: log.Trust().RootDID}, nil
}

// newHashes gives hashes that this ledger has not seen.
func (h *hufu) newHashes(count int) [][32]byte {
	out := make([][32]byte, count)
	for i := range out {
		h.hashes++
		out[i] = sha256.Sum256(binary.BigEndian.AppendUint64(nil, h.hashes))
	}
	return out
}

// audit stands in the log alone, as all that Tessera keeps does.
func (h *hufu) audit(hash [32]byte) ledger.Object { return &ledger.Audit{Hash: hash, Agency: h.agency} }

// anchor fixes a hash over so many records in the state map, write-once.
func (h *hufu) anchor(count uint64) func([32]byte) ledger.Object {
	return func(hash [32]byte) ledger.Object {
		return &ledger.Anchor{Hash: hash, Count: count, Agency: h.agency}
	}
}

// sign signs each object alone, or all together.
func (h *hufu) sign(hashes [][32]byte, object func([32]byte) ledger.Object, together bool) ([]*ledger.SignedOperation, error) {
	objects := make([]ledger.Object, len(hashes))
	for i, hash := range hashes {
		objects[i] = object(hash)
	}
	if !together {
		return ledger.SignObjects(h.log.Trust().ID(), objects, h.key)
	}
	ops := make([]*ledger.Operation, len(objects))
	for i := range objects {
		var err error
		if ops[i], err = ledger.NewOperation(objects[i]); err != nil {
			return nil, err
		}
	}
	return ledger.SignBatch(h.log.Trust().ID(), ops, h.key)
}

func (h *hufu) submit(ctx context.Context, ops ...*ledger.SignedOperation) error {
	_, err := h.log.Submit(ctx, ops...)
	return err
}

// prove gives the bytes that a reader gets.
func (h *hufu) prove(ctx context.Context, hash [32]byte) ([]byte, error) {
	proof, err := h.log.Prove(ctx, ledger.AnchorKey(h.agency, hash))
	if err != nil {
		return nil, err
	}
	return proof.Bytes(), nil
}

// verify is the reader's part, from the bytes and the trust file alone.
func (h *hufu) verify(b []byte, hash [32]byte) error {
	proof, err := ledger.ParseProof(b)
	if err != nil {
		return err
	}
	view, err := ledger.Verify(h.log.Trust(), proof, ledger.VerifyOptions{})
	if err != nil {
		return err
	}
	anchor, err := view.Anchor(h.agency, hash)
	if err != nil {
		return err
	}
	if anchor == nil {
		return errors.New("proved to be absent")
	}
	return nil
}
