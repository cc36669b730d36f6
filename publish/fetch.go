package publish

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/zkp"
)

// Schema fetches the schema file with a SHA-256, which the ledger's Schema object
// names. The error is the source's, or [ErrOther] for a file with another hash or
// one that is no schema.
func Schema(ctx context.Context, source Source, hash [32]byte) (*credential.Schema, error) {
	b, err := checked(ctx, source, SchemaName(hash))
	if err != nil {
		return nil, err
	}
	return parseSchema(b)
}

// VerifyingKey fetches the verifying key with a SHA-256, which the ledger's VK
// object names. zkp.ParseVerifyingKey reads it. The error is the source's, or
// [ErrOther] for a file with another hash.
func VerifyingKey(ctx context.Context, source Source, hash [32]byte) ([]byte, error) {
	return checked(ctx, source, KeyName(hash))
}

// TypeSchema fetches the newest schema of a credential type that the source has.
// Nobody has held it against the ledger: [CheckSchema] does. The error is the
// source's, or [ErrOther] for a file that is no schema of the type.
func TypeSchema(ctx context.Context, source Source, vct string) (*credential.Schema, error) {
	b, err := source.Read(ctx, TypeName(vct))
	if err != nil {
		return nil, err
	}
	return ParseTypeSchema(b, vct)
}

// ParseTypeSchema reads a .type file: see [TypeSchema]. The error is [ErrOther].
func ParseTypeSchema(b []byte, vct string) (*credential.Schema, error) {
	schema, err := parseSchema(b)
	if err != nil {
		return nil, err
	}
	if schema.VCT != vct {
		return nil, ErrOther
	}
	return schema, nil
}

func parseSchema(b []byte) (*credential.Schema, error) {
	schema, err := credential.ParseSchema(b)
	if err != nil { // text only, as Name.Check says
		return nil, fmt.Errorf("%w: %v", ErrOther, err)
	}
	return schema, nil
}

func checked(ctx context.Context, source Source, name Name) ([]byte, error) {
	b, err := source.Read(ctx, name)
	if err == nil {
		err = name.Check(b)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// CheckSchema holds a schema file against the ledger: nil where the ledger names
// its hash under its id and version. The error is [ErrOther] for another hash, or
// the view's: ledger.ErrAbsent, or a *ledger.NotProvedError for ledger.Resolve to
// act on.
func CheckSchema(view *ledger.View, schema *credential.Schema) error {
	object, err := view.Schema(schema.ID, uint32(schema.Version))
	if err != nil {
		return err
	}
	if object.Hash != schema.Hash() {
		return fmt.Errorf("%w: schema file differs from the ledger's", ErrOther)
	}
	return nil
}

// CheckKey holds a verifying key against the ledger: nil where the ledger names its
// hash for its circuit, as a ceremony's unless opts allow a single party. The error is
// [ErrOther] for another hash, zkp.ErrVerifyingKey for bytes that are no key,
// zkp.ErrSinglePartySetup, or the view's: ledger.ErrAbsent, ledger.ErrRetired, or a
// *ledger.NotProvedError for ledger.Resolve to act on.
func CheckKey(view *ledger.View, key []byte, opts zkp.KeyOptions) error {
	circuit, _, err := zkp.InspectVerifyingKey(key)
	if err != nil {
		return err
	}
	object, err := namedKey(view, circuit, opts)
	if err != nil {
		return err
	}
	if object.KeyHash != sha256.Sum256(key) {
		return fmt.Errorf("%w: verifying key of %s differs from the ledger's", ErrOther, circuit)
	}
	return nil
}

// StatusList fetches the status list token at a URI. root is that of the list which
// the ledger's Status object names: where a [Cached] source has kept a token with
// another list, the token is fetched anew. The token is not verified, and may have
// another root all the same; package provenance checks both. The error is the
// source's.
func StatusList(ctx context.Context, source Source, uri string, root [32]byte) ([]byte, error) {
	name := StatusName(uri)
	b, err := source.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	cache, ok := source.(*Cached)
	if !ok || hasRoot(b, root) {
		return b, nil
	}
	if newer, err := cache.Refresh(ctx, name); err == nil {
		return newer, nil
	}
	return b, nil
}

func hasRoot(b []byte, root [32]byte) bool {
	token, err := status.Parse(b, status.ParseOptions{})
	if err != nil {
		return false
	}
	list, err := token.UnverifiedList()
	return err == nil && list.Root() == root
}

// Feed opens the feed of a source. A source without a feed makes it answer
// feed.ErrMissing.
func Feed(source Source) *feed.Feed {
	return feed.OpenFunc(func(ctx context.Context, name string) ([]byte, error) {
		n, err := ParseName(feedFolder + name)
		if err != nil {
			return nil, err
		}
		return source.Read(ctx, n)
	})
}
