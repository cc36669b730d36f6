// Package anchored names the circuits' keys on a ledger, and opens the proving
// keys that a ledger names.
//
// The verifying keys go among the public files, where counters find them, and their
// SHA-256 on the ledger. The proving keys of a ceremony go into the folder keys/ of
// the public files, as package zkp/prover writes them. Development keys stay where
// they were made.
//
// For example, a consortium publishes a sealed ceremony:
//
//	state, err := ceremony.Verify(ctx, "ceremony", ceremony.Options{})
//	…
//	err = client.Resolve(ctx, func(view *ledger.View) error {
//		return anchored.CheckParticipants(view, state)
//	}, ledger.ResolveOptions{})
//	…
//	err = anchored.Publish(ctx, log, trust.ID(), folder, "ceremony", state, signers...)
//
// and a wallet opens what the ledger names:
//
//	keys, err := anchored.Open(ctx, client, folder, zkp.KeyOptions{})
//
// Not checked: Publish takes the state's word that the ceremony was verified and its
// participants compared; the ledger alone decides whether the signers may name keys.
package anchored

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/did/hufu"
	"github.com/hufu-id/hufu/internal/durable"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

var (
	// ErrNoKey means an agency without a signature key in force on the ledger.
	ErrNoKey = errors.New("anchored: no signature key in force on the ledger")
	// ErrNotSealed means a ceremony that is not over.
	ErrNotSealed = errors.New("anchored: the ceremony is not sealed")
)

// Participant is an agency with the signature key that the ledger names for it now.
// The error is [ErrNoKey], ceremony.ErrPlan or one of the view.
func Participant(view *ledger.View, id string) (ceremony.Participant, error) {
	document, err := hufu.FromView(view, id)
	if err != nil {
		return ceremony.Participant{}, err
	}
	for i := range document.Keys {
		if k := &document.Keys[i]; k.Alg == "ES256" && k.ValidAt(view.Now()) {
			return ceremony.NewParticipant(id, k.Public)
		}
	}
	return ceremony.Participant{}, fmt.Errorf("%w: %s", ErrNoKey, id)
}

// Participants are agencies with their keys, in this order, as Participant finds them on
// one state of the ledger. Errors are also those of ledger.Client.
func Participants(ctx context.Context, client *ledger.Client, ids ...string) (out []ceremony.Participant, err error) {
	err = client.Resolve(ctx, func(view *ledger.View) error {
		out = nil
		for _, id := range ids {
			p, err := Participant(view, id)
			if err != nil {
				return err
			}
			out = append(out, p)
		}
		return nil
	}, ledger.ResolveOptions{})
	return out, err
}

// CheckParticipants holds every contributor's key against the ledger, at the time of
// its contribution. The error is a *ceremony.Refused with ceremony.ErrOtherKey,
// ceremony.ErrPlan, or one of the view.
func CheckParticipants(view *ledger.View, s *ceremony.State) error {
	keys := map[string]crypto.PublicKey{}
	for _, p := range s.Plan.Participants {
		key, err := p.PublicKey()
		if err != nil {
			return err
		}
		keys[p.DID] = key
	}
	for _, r := range s.Records {
		document, err := hufu.FromView(view, r.Participant)
		if err != nil {
			return err
		}
		if !holds(document, keys[r.Participant], r.Time) {
			return &ceremony.Refused{Step: r.Step, Number: r.Number, Participant: r.Participant, Err: ceremony.ErrOtherKey}
		}
	}
	return nil
}

func holds(document *did.Document, key crypto.PublicKey, at time.Time) bool {
	same, ok := key.(interface{ Equal(crypto.PublicKey) bool })
	for i := range document.Keys {
		if k := &document.Keys[i]; ok && k.ValidAt(at) && same.Equal(k.Public) {
			return true
		}
	}
	return false
}

// Publish puts all keys of a sealed ceremony among the public files, and names the
// verifying keys on the ledger that id names, signed by agencies of the consortium. dir is the
// ceremony's folder and s what ceremony.Verify returned of it. The error is
// [ErrNotSealed], prover.ErrKeyFile, ceremony.ErrKeys where the folder has other
// keys than s says, one of ledger.SignObjects, a *ledger.RefusedError also where the
// ledger holds a circuit's key already, or the system's own.
func Publish(ctx context.Context, log ledger.Submitter, id ledger.ID, folder publish.Folder, dir string, s *ceremony.State, signers ...crypto.Signer) error {
	if s.Stage != ceremony.StageSealed {
		return ErrNotSealed
	}
	keys, err := prover.Open(ceremony.KeysDir(dir))
	if err != nil {
		return err
	}
	var objects []ledger.Object
	for _, planned := range s.Plan.Circuits {
		b, hash, err := keys.VerifyingKey(planned.Circuit)
		if err != nil {
			return err
		}
		if hash != s.VerifyingKeys[planned.Circuit] {
			return fmt.Errorf("%w: %s", ceremony.ErrKeys, planned.Circuit)
		}
		if err := folder.PublishKey(ctx, b); err != nil {
			return err
		}
		objects = append(objects, &ledger.VK{
			Circuit: string(planned.Circuit), KeyHash: hash, TranscriptHash: s.Transcript,
			Setup: ledger.SetupCeremony, State: ledger.VKActive,
		})
	}
	ops, err := ledger.SignObjects(id, objects, signers...)
	if err != nil {
		return err
	}
	if err := copyFiles(ceremony.KeysDir(dir), keysDir(folder)); err != nil {
		return fmt.Errorf("anchored: proving keys: %w", err)
	}
	_, err = log.Submit(ctx, ops...)
	return err
}

// keysDir is the folder of a ceremony's keys among the public files.
func keysDir(folder publish.Folder) string { return filepath.Join(string(folder), "keys") }

func copyFiles(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, e := range entries {
		if err := copyFile(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return durable.SyncFolder(to)
}

// copyFile replaces a file whole or not at all.
func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if there, err := os.ReadFile(to); err == nil && bytes.Equal(there, b) {
		return nil
	}
	temporary := to + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := durable.Create(temporary, b, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, to)
}

// Open opens the proving keys of a ceremony that lie among the public files, where
// the ledger names the verifying key of each, as a ceremony's unless opts allow a single
// party: nobody would accept what others prove. The error is fs.ErrNotExist where the
// folder has no such keys or not those of every circuit, prover.ErrKeyFile, zkp.ErrVerifyingKey for keys that the
// ledger does not name, with zkp.ErrSinglePartySetup for those of one party, or one of
// ledger.Client.
func Open(ctx context.Context, client *ledger.Client, folder publish.Folder, opts zkp.KeyOptions) (*prover.Prover, error) {
	if _, err := os.Stat(keysDir(folder)); err != nil {
		return nil, fmt.Errorf("anchored: %w", err)
	}
	keys, err := prover.Open(keysDir(folder))
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, c := range prover.Circuits() {
		b, _, err := keys.VerifyingKey(c)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
		all = append(all, b)
	}
	return keys, client.Resolve(ctx, func(view *ledger.View) error {
		for _, b := range all {
			if err := publish.CheckKey(view, b, opts); err != nil {
				return fmt.Errorf("%w: %w", zkp.ErrVerifyingKey, err)
			}
		}
		return nil
	}, ledger.ResolveOptions{})
}

// A KeyPublisher takes verifying keys for counters: a publish.Folder or a
// publish.Memory.
type KeyPublisher interface {
	PublishKey(ctx context.Context, key []byte) error
}

// PublishDevelopment puts the verifying keys of a single party among the public
// files, and names them on the ledger by the root's signature. The error is
// prover.ErrUnknownCircuit, the publisher's, or as in agency.PublishVerifyingKeys.
func PublishDevelopment(ctx context.Context, root *agency.Agency, files KeyPublisher, keys *prover.Prover) error {
	var public []*zkp.VerifyingKey
	for _, circuit := range prover.Circuits() {
		b, hash, err := keys.VerifyingKey(circuit)
		if err != nil {
			return err
		}
		if err := files.PublishKey(ctx, b); err != nil {
			return err
		}
		key, err := zkp.ParseVerifyingKey(b, hash, zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})
		if err != nil {
			return err
		}
		public = append(public, key)
	}
	return root.PublishVerifyingKeys(ctx, [32]byte{}, public...)
}
