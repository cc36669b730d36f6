package sqlitevault

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"

	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/internal/sealed"
)

// ErrIntegrity means that the vault's file was changed by something that does
// not hold its keys, or is damaged. Nothing is repaired or thrown away. It wraps
// vault.ErrDamaged.
var ErrIntegrity = fmt.Errorf("vault/sqlitevault: the vault's contents do not match its digest: %w", vault.ErrDamaged)

// keys holds what is derived from the root key for one key epoch.
type keys struct {
	*sealed.Keys
	digest     []byte
	head       []byte
	commitment []byte // what the file shows of the root key
}

func deriveKeys(walletID, root []byte, epoch uint64) *keys {
	k := sealed.New(walletID, root, epoch, userVersion)
	return &keys{k, k.Derive("digest", nil), k.Derive("head", nil), k.Derive("commitment", nil)}
}

// wipe forgets the keys as far as Go allows.
func (k *keys) wipe() {
	k.Wipe()
	clear(k.digest)
	clear(k.head)
}

// digester computes the rows' shares of the digest; it keeps one HMAC state
// because a whole vault passes through it when it is opened.
type digester struct {
	mac hash.Hash
	buf []byte
}

func (k *keys) digester() *digester {
	return &digester{mac: hmac.New(sha256.New, k.digest)}
}

func (d *digester) record(r sealed.Row) sum {
	return d.share([]byte("record"), r.ID, r.Kind, sealed.Number(r.Version), sealed.Number(r.Epoch), r.Nonce, r.MAC)
}

func (d *digester) tag(tag, record []byte) sum {
	return d.share([]byte("tag"), tag, record)
}

func (d *digester) slot(s slot) sum {
	return d.share([]byte("slot"), s.associated(nil), s.nonce, s.wrapped)
}

func (d *digester) share(parts ...[]byte) sum {
	d.mac.Reset()
	d.mac.Write(sealed.AppendParts(d.buf[:0], parts...))
	var digest [sha256.Size]byte
	d.mac.Sum(digest[:0])
	return sumFromBytes(digest[:])
}
