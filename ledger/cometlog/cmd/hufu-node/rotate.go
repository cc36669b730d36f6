package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/internal/durable"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/legible"
)

// rotation is what hufu-node rotate was told.
type rotation struct {
	at, consortium, key, safe string
	stolen                    time.Duration
	yes                       bool
}

func rotateCommand() *cobra.Command {
	var r rotation
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Give the root agency a new signature key",
		Long: "Signs the change with the key that the founding put into the safe for it, and puts\n" +
			"another one there. What the old key signed stays valid, unless it was stolen: then\n" +
			"what it signed since, and still stands, is void, and the root agency signs it anew.\n" +
			"The old key stays beside it, in a file that ends in .used.",
		Example: "  hufu-node rotate --at http://127.0.0.1:26601\n  hufu-node rotate --at http://127.0.0.1:26601 --stolen 48h",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return r.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&r.at, "at", "", "addresses of nodes, with commas between")
	flags.StringVar(&r.consortium, "consortium", "consortium", "folder that the members share")
	flags.StringVar(&r.key, "root-key", "root.key", "the root agency's signature key")
	flags.StringVar(&r.safe, "safe", "safe", "folder with the keys that the root agency uses once each")
	flags.DurationVar(&r.stolen, "stolen", 0, "how long ago somebody else may have had the key first; 0 if nobody had it")
	flags.BoolVar(&r.yes, "yes", false, "do not ask")
	_ = cmd.MarkFlagRequired("at")
	return cmd
}

func (r *rotation) run(cmd *cobra.Command) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
	defer cancel()
	client, err := remote.New(remote.Options{}, strings.Split(r.at, ",")...)
	if err != nil {
		return err
	}
	trust, err := readTrust(r.consortium)
	if err != nil {
		return err
	}
	reader, err := ledger.NewClient(ctx, trust, client, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		return err
	}
	if !r.yes && !confirmed(cmd, "Make a new signature key for the root agency, and end the one in use?") {
		return errors.New("nothing was changed")
	}
	if err := r.change(ctx, reader, client); err != nil {
		return err
	}
	legible.Fprintf(cmd.OutOrStdout(), "%s is the root agency's key from now on. If it decides who joins and leaves, let it decide with the new key:\n\n  hufu-node agree --renew --at %s --key %s --safe %s\n", r.key, r.at, r.key, r.safe)
	return nil
}

// change stores the new keys, then submits the change, then puts the new signature key in
// the old one's place. Stopped in between, the next call goes on with the same keys.
func (r *rotation) change(ctx context.Context, reader *ledger.Client, log ledger.Submitter) error {
	object, err := rootObject(ctx, reader)
	if err != nil {
		return err
	}
	fresh := r.key + ".new"
	key, err := keyAt(fresh)
	if err != nil {
		return err
	}
	public, err := ledger.DefaultSuites().MarshalKey(key.Public())
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(object.Keys, func(k ledger.PublicKey) bool { return string(k.Public) == string(public) }) {
		signed, err := r.sign(reader.Pinned().ID(), object, public)
		if err != nil {
			return err
		}
		if _, err := reader.Submitter(log).Submit(ctx, signed); err != nil {
			return err
		}
	}
	used := fmt.Sprintf("%s.%d%s", r.key, object.Sequence, usedSuffix)
	if err := os.Rename(r.key, used); err != nil && !errors.Is(err, fs.ErrNotExist) { // a call before got as far
		return err
	}
	if err := os.Rename(fresh, r.key); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(r.key))
}

// sign makes the change: the old key ends, or is marked as stolen, and the new one begins.
func (r *rotation) sign(id ledger.ID, object *ledger.DID, public []byte) (*ledger.SignedOperation, error) {
	old, err := publicOf(r.key)
	if err != nil {
		return nil, err
	}
	keys := safe(r.safe)
	change, err := keys.promised(forChange, object.Next)
	if err != nil {
		return nil, err
	}
	next, err := keys.fresh(forChange, object.Next)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	place := slices.IndexFunc(object.Keys, func(k ledger.PublicKey) bool { return string(k.Public) == string(old) })
	if place < 0 {
		return nil, fmt.Errorf("%s is no key of the ledger's root agency", r.key)
	}
	if k := &object.Keys[place]; r.stolen > 0 {
		k.CompromisedFrom = max(now.Add(-r.stolen).Unix(), 1)
	} else {
		k.Until = max(now.Unix(), k.From+1)
	}
	object.Keys = append(object.Keys, ledger.PublicKey{
		ID: fmt.Sprint("sig-", len(object.Keys)+1), Purpose: ledger.PurposeSignature, Public: public, From: now.Unix(),
	})
	object.Sequence, object.Next = object.Sequence+1, [][32]byte{next.hash}
	if err := change.use(); err != nil {
		return nil, err
	}
	return ledger.SignObject(id, object, change.signer)
}

func rootObject(ctx context.Context, reader *ledger.Client) (object *ledger.DID, err error) {
	did := reader.Pinned().RootDID
	err = reader.Resolve(ctx, func(view *ledger.View) error {
		object, err = view.DID(did)
		return err
	}, ledger.ResolveOptions{Keys: []string{ledger.DIDKey(did)}})
	return object, err
}

func publicOf(path string) ([]byte, error) {
	key, err := readKey(path)
	if err != nil {
		return nil, err
	}
	return ledger.DefaultSuites().MarshalKey(key.Public())
}
