package sqlitevault

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/hufu-id/hufu/vault"
)

// ErrIntegrity means that the vault's file was changed by something that does
// not hold its keys, or is damaged. Nothing is repaired or thrown away. It wraps
// vault.ErrDamaged.
var ErrIntegrity = fmt.Errorf("vault/sqlitevault: the vault's contents do not match its digest: %w", vault.ErrDamaged)

// nameBytes is the length of a hidden record id, kind or tag.
const nameBytes = 16

// keys holds what is derived from the root key for one key epoch.
type keys struct {
	walletID   []byte
	epoch      uint64
	root       []byte
	names      []byte // hides record ids and kinds
	tags       []byte
	digest     []byte
	head       []byte
	commitment []byte // what the file shows of the root key
}

func deriveKeys(walletID, root []byte, epoch uint64) *keys {
	k := &keys{walletID: walletID, epoch: epoch, root: root}
	k.names = k.derive("names", nil)
	k.tags = k.derive("tags", nil)
	k.digest = k.derive("digest", nil)
	k.head = k.derive("head", nil)
	k.commitment = k.derive("commitment", nil)
	return k
}

// derive is HKDF-Expand: the root key is uniform, so nothing is to be
// extracted first.
func (k *keys) derive(label string, context []byte) []byte {
	info := join([]byte("hufu/vault/1"), []byte(label), k.walletID, number(k.epoch), context)
	key, err := hkdf.Expand(sha256.New, k.root, string(info), 32)
	if err != nil {
		panic(err) // 32 bytes can always be expanded
	}
	return key
}

// wipe forgets the keys as far as Go allows.
func (k *keys) wipe() {
	for _, key := range [][]byte{k.root, k.names, k.tags, k.digest, k.head} {
		clear(key)
	}
}

func (k *keys) kindName(kind string) []byte {
	return hide(k.names, []byte("kind"), []byte(kind))
}

func (k *keys) recordName(kind, id string) []byte {
	return hide(k.names, []byte("record"), []byte(kind), []byte(id))
}

func (k *keys) tagName(kind string, tag vault.Tag) []byte {
	return hide(k.tags, []byte(kind), []byte(tag.Name), []byte(tag.Value))
}

func hide(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(join(parts...))
	return h.Sum(nil)[:nameBytes]
}

// row is one record as the tables hold it.
type row struct {
	id      []byte // hidden
	kind    []byte // hidden
	version uint64
	epoch   uint64
	nonce   []byte
	mac     []byte // the seal's last 16 bytes
	sealed  []byte // the rest of it
}

// seal encrypts a record under a name that must be hidden already.
func (k *keys) seal(r vault.Record) row {
	out := row{
		id: k.recordName(r.Kind, r.ID), kind: k.kindName(r.Kind),
		version: r.Version, epoch: k.epoch, nonce: random(chacha20poly1305.NonceSizeX),
	}
	plain := join([]byte(r.Kind), []byte(r.ID), r.Value)
	sealed := sealer(k.derive("record", out.id)).Seal(nil, out.nonce, plain, k.associated(out))
	split := len(sealed) - chacha20poly1305.Overhead
	out.sealed, out.mac = sealed[:split], sealed[split:]
	return out
}

// open decrypts a row and demands that it is the record its name says.
func (k *keys) open(r row) (vault.Record, error) {
	if len(r.nonce) != chacha20poly1305.NonceSizeX || r.epoch != k.epoch {
		return vault.Record{}, ErrIntegrity
	}
	sealed := append(append([]byte{}, r.sealed...), r.mac...)
	plain, err := sealer(k.derive("record", r.id)).Open(nil, r.nonce, sealed, k.associated(r))
	if err != nil {
		return vault.Record{}, ErrIntegrity
	}
	kind, rest, okKind := cut(plain)
	id, rest, okID := cut(rest)
	value, rest, okValue := cut(rest)
	if !okKind || !okID || !okValue || len(rest) != 0 {
		return vault.Record{}, ErrIntegrity
	}
	return vault.Record{Kind: string(kind), ID: string(id), Version: r.version, Value: value}, nil
}

func (k *keys) associated(r row) []byte {
	return join(k.walletID, []byte("record"), r.id, r.kind, number(r.version), number(userVersion), number(r.epoch))
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

func (d *digester) record(r row) sum {
	return d.share([]byte("record"), r.id, r.kind, number(r.version), number(r.epoch), r.nonce, r.mac)
}

func (d *digester) tag(tag, record []byte) sum {
	return d.share([]byte("tag"), tag, record)
}

func (d *digester) slot(s slot) sum {
	return d.share([]byte("slot"), s.associated(nil), s.nonce, s.wrapped)
}

func (d *digester) share(parts ...[]byte) sum {
	d.mac.Reset()
	d.mac.Write(appendParts(d.buf[:0], parts...))
	var digest [sha256.Size]byte
	d.mac.Sum(digest[:0])
	return sumFromBytes(digest[:])
}

func sealer(key []byte) cipher.AEAD {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic(err) // every key here has 32 bytes
	}
	return aead
}

// join writes each part behind its length, so that no two lists of parts
// give the same bytes.
func join(parts ...[]byte) []byte { return appendParts(nil, parts...) }

func appendParts(dst []byte, parts ...[]byte) []byte {
	for _, part := range parts {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(part)))
		dst = append(dst, part...)
	}
	return dst
}

// cut takes the first part off what join wrote.
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

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
