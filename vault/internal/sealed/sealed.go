// Package sealed encrypts the records of a vault for drivers that keep them in somebody
// else's database. Names and tags become keyed hashes: they can be compared, not read.
//
// For example Keys.Seal of the record credential/a gives a Row whose columns say nothing
// of "credential" or "a", and Keys.Open gives the record back, or reports false for a row
// that was changed, renamed or taken from another vault.
//
// Not checked: whether a row is the newest of its name. A driver that must notice an older
// one counts, or keeps a digest.
package sealed

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/hufu-id/hufu/vault"
)

// NameBytes is the length of a hidden record id, kind or tag.
const NameBytes = 16

// RootBytes is the length of a root key.
const RootBytes = 32

// Keys holds what is derived from the root key of a vault for one key epoch.
type Keys struct {
	WalletID []byte
	Epoch    uint64
	Root     []byte
	// Schema is the version of the driver's format. It is bound into each seal.
	Schema uint64

	names, tags []byte
}

// New derives the keys of a vault.
func New(walletID, root []byte, epoch, schema uint64) *Keys {
	k := &Keys{WalletID: walletID, Epoch: epoch, Root: root, Schema: schema}
	k.names, k.tags = k.Derive("names", nil), k.Derive("tags", nil)
	return k
}

// Derive returns a key of 32 bytes for one purpose. It is HKDF-Expand: the root key is
// uniform, so nothing is to be extracted first.
func (k *Keys) Derive(label string, context []byte) []byte {
	info := Join([]byte("hufu/vault/1"), []byte(label), k.WalletID, Number(k.Epoch), context)
	key, err := hkdf.Expand(sha256.New, k.Root, string(info), 32)
	if err != nil {
		panic(err) // 32 bytes can always be expanded
	}
	return key
}

// Wipe forgets the keys as far as Go allows.
func (k *Keys) Wipe() {
	for _, key := range [][]byte{k.Root, k.names, k.tags} {
		clear(key)
	}
}

// Kind hides a kind.
func (k *Keys) Kind(kind string) []byte { return hide(k.names, []byte("kind"), []byte(kind)) }

// Record hides the name of a record.
func (k *Keys) Record(kind, id string) []byte {
	return hide(k.names, []byte("record"), []byte(kind), []byte(id))
}

// Tag hides a tag of a kind.
func (k *Keys) Tag(kind string, tag vault.Tag) []byte {
	return hide(k.tags, []byte(kind), []byte(tag.Name), []byte(tag.Value))
}

func hide(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(Join(parts...))
	return h.Sum(nil)[:NameBytes]
}

// Row is one record as tables hold it.
type Row struct {
	ID, Kind       []byte // hidden
	Version, Epoch uint64
	Nonce          []byte
	MAC            []byte // the seal's last 16 bytes
	Sealed         []byte // the rest of it
}

// Seal encrypts a record.
func (k *Keys) Seal(r vault.Record) Row {
	out := Row{
		ID: k.Record(r.Kind, r.ID), Kind: k.Kind(r.Kind),
		Version: r.Version, Epoch: k.Epoch, Nonce: Random(chacha20poly1305.NonceSizeX),
	}
	plain := Join([]byte(r.Kind), []byte(r.ID), r.Value)
	sealed := AEAD(k.Derive("record", out.ID)).Seal(nil, out.Nonce, plain, k.associated(out))
	split := len(sealed) - chacha20poly1305.Overhead
	out.Sealed, out.MAC = sealed[:split], sealed[split:]
	return out
}

// Open decrypts a row that was asked for as one of a kind. It reports false where the row
// is not of this vault, was changed, or stands under another name than its own.
func (k *Keys) Open(r Row, kind string) (vault.Record, bool) {
	if len(r.Nonce) != chacha20poly1305.NonceSizeX || r.Epoch != k.Epoch {
		return vault.Record{}, false
	}
	sealed := append(append([]byte{}, r.Sealed...), r.MAC...)
	plain, err := AEAD(k.Derive("record", r.ID)).Open(nil, r.Nonce, sealed, k.associated(r))
	if err != nil {
		return vault.Record{}, false
	}
	trueKind, rest, okKind := cut(plain)
	id, rest, okID := cut(rest)
	value, rest, okValue := cut(rest)
	if !okKind || !okID || !okValue || len(rest) != 0 || string(trueKind) != kind || !hmac.Equal(r.ID, k.Record(kind, string(id))) {
		return vault.Record{}, false
	}
	return vault.Record{Kind: kind, ID: string(id), Version: r.Version, Value: value}, true
}

func (k *Keys) associated(r Row) []byte {
	return Join(k.WalletID, []byte("record"), r.ID, r.Kind, Number(r.Version), Number(k.Schema), Number(r.Epoch))
}

// AEAD is XChaCha20-Poly1305 under a key of 32 bytes.
func AEAD(key []byte) cipher.AEAD {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic(err) // every key here has 32 bytes
	}
	return aead
}

// Join writes each part behind its length, so that no two lists of parts give the same
// bytes.
func Join(parts ...[]byte) []byte { return AppendParts(nil, parts...) }

// AppendParts is Join into a buffer.
func AppendParts(dst []byte, parts ...[]byte) []byte {
	for _, part := range parts {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(part)))
		dst = append(dst, part...)
	}
	return dst
}

// cut takes the first part off what Join wrote.
func cut(joined []byte) (part, rest []byte, ok bool) {
	if len(joined) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(joined)
	if uint64(n) > uint64(len(joined)-4) {
		return nil, nil, false
	}
	return joined[4 : 4+n], joined[4+n:], true
}

// Number writes a number in 8 bytes.
func Number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// Random returns n bytes; crypto/rand ends the process rather than fail.
func Random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
