package issuer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"time"

	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
)

// pageBits is how many entries one page of a status list holds. A page is small, so
// that giving an entry away writes little, however long the list is.
const pageBits = 1 << 15

// list is the head of a status list. Its bits lie in pages.
type list struct {
	URI    string `json:"uri"`
	Type   string `json:"type"`
	Number int    `json:"number"`
	Size   int    `json:"size"`
	// Free counts the entries of each page that nobody has.
	Free []int `json:"free"`
	// Sequence and ValidUntil are those of the list as the ledger took it last; both
	// are zero before. KeyID signed it.
	Sequence   uint64    `json:"sequence"`
	ValidUntil time.Time `json:"validUntil,omitzero"`
	KeyID      string    `json:"keyId,omitzero"`
	// Public is the sequence of the list that the publisher took last.
	Public uint64 `json:"public"`
	// Due asks for a new signature, and Waiting names entries to revoke.
	Due     bool  `json:"due,omitzero"`
	Waiting []int `json:"waiting,omitzero"`
	// Pending is what the ledger was asked to take, nil for nothing.
	Pending *pending `json:"pending,omitzero"`
}

// pending is a batch that may be on the ledger or not.
type pending struct {
	Operations []byte    `json:"operations"` // ledger.FormatBatch
	Sequence   uint64    `json:"sequence"`
	ValidUntil time.Time `json:"validUntil"`
	KeyID      string    `json:"keyId"`
	Indexes    []int     `json:"indexes,omitzero"` // to revoke, in the order of the batch
	Earlier    []int     `json:"earlier,omitzero"` // of the batch's further revocations
	Plain      []int     `json:"plain,omitzero"`   // to revoke in the list alone: nothing can be proved
	Due        bool      `json:"due,omitzero"`     // the signature was wanted for itself
}

// all are the entries that the batch revokes.
func (p *pending) all() []int { return slices.Concat(p.Indexes, p.Plain) }

// open reports whether credentials may name the list: it is on the ledger, and public.
func (l *list) open() bool { return l.Sequence > 0 && l.Public > 0 }

func (l *list) free() (n int) {
	for _, page := range l.Free {
		n += page
	}
	return n
}

// StatusURI names the first status list of the desk's first type, as long as the desk's URL
// is the one under which it was made.
func (d *Desk) StatusURI() string { return d.listURI(d.cfg.Types[0].ID(), 1) }

// StatusURI names the n-th status list, from 1, that an agency whose desk has no URL keeps
// for a credential type (Type.ID).
func StatusURI(did, typ string, n int) string {
	h := sha256.Sum256([]byte(typ))
	return "urn:hufu:status:" + did + ":" + hex.EncodeToString(h[:8]) + ":" + strconv.Itoa(n)
}

// StatusPath is where under its URL a desk has the n-th status list of a credential type.
func StatusPath(typ string, n int) string {
	h := sha256.Sum256([]byte(typ))
	return "/status/" + hex.EncodeToString(h[:8]) + "/" + strconv.Itoa(n)
}

// listURI names a new list.
func (d *Desk) listURI(typ string, n int) string {
	if d.cfg.URL != "" {
		return d.cfg.URL + StatusPath(typ, n)
	}
	return StatusURI(d.cfg.Keys.DID, typ, n)
}

// newest is the list from which a type's entries are given away, nil before the first.
func (d *Desk) newest(tx vault.Tx, typ string) (*list, error) {
	var n int
	if there, err := get(tx, kindNewest, typ, &n); !there || err != nil {
		return nil, err
	}
	uri := d.listURI(typ, n)
	if _, err := tx.Get(kindList, uri); errors.Is(err, vault.ErrNotFound) {
		uri = StatusURI(d.cfg.Keys.DID, typ, n) // made before the desk had a URL
	}
	return getList(tx, uri)
}

func getList(tx vault.Tx, uri string) (*list, error) {
	l := new(list)
	there, err := get(tx, kindList, uri, l)
	if err == nil && !there {
		err = fmt.Errorf("%w: no status list of this name", vault.ErrDamaged)
	}
	return l, err
}

func (l *list) save(tx vault.Tx) error { return put(tx, kindList, l.URI, l) }

// follow makes the list that comes after the newest one.
func (d *Desk) follow(tx vault.Tx, typ string, before *list) (*list, error) {
	n := 1
	if before != nil {
		n = before.Number + 1
	}
	size := (d.cfg.StatusSize + 7) / 8 * 8 // whole bytes, as the format has it
	l := &list{URI: d.listURI(typ, n), Type: typ, Number: n, Size: size, Due: true}
	for at := 0; at < size; at += pageBits {
		l.Free = append(l.Free, min(pageBits, size-at))
	}
	if err := l.save(tx); err != nil {
		return nil, err
	}
	return l, put(tx, kindNewest, typ, n)
}

// page reads one page of bits; one that was never written is empty.
func (l *list) page(tx vault.Tx, kind string, n int) ([]byte, error) {
	length := (min(pageBits, l.Size-n*pageBits) + 7) / 8
	r, err := tx.Get(kind, pageID(l.URI, n))
	if errors.Is(err, vault.ErrNotFound) {
		return make([]byte, length), nil
	}
	if err == nil && len(r.Value) != length {
		err = fmt.Errorf("%w: page of a status list", vault.ErrDamaged)
	}
	return r.Value, err
}

func (l *list) savePage(tx vault.Tx, kind string, n int, page []byte) error {
	return tx.Put(kind, pageID(l.URI, n), page)
}

func pageID(uri string, n int) string { return uri + "/" + strconv.Itoa(n) }

// allocate draws an unused entry. Each has the same chance, so that neighbours in the
// list were not neighbours at the desk. The caller's transaction keeps it.
func (l *list) allocate(tx vault.Tx) (int, error) {
	total := l.free()
	if total == 0 {
		return 0, status.ErrFull
	}
	drawn, err := rand.Int(rand.Reader, big.NewInt(int64(total)))
	if err != nil {
		return 0, err
	}
	rank, n := int(drawn.Int64()), 0
	for rank >= l.Free[n] {
		rank -= l.Free[n]
		n++
	}
	page, err := l.page(tx, kindTaken, n)
	if err != nil {
		return 0, err
	}
	at := unset(page, rank)
	if at < 0 || n*pageBits+at >= l.Size {
		return 0, fmt.Errorf("%w: a status list counts other entries than it has", vault.ErrDamaged)
	}
	page[at/8] |= 1 << (at % 8)
	l.Free[n]--
	if err := l.savePage(tx, kindTaken, n, page); err != nil {
		return 0, err
	}
	return n*pageBits + at, l.save(tx)
}

// unset finds the bit that is zero and has rank others before it, or returns -1.
func unset(page []byte, rank int) int {
	for i, b := range page {
		zeros := bits.OnesCount8(^b)
		if rank >= zeros {
			rank -= zeros
			continue
		}
		for bit := range 8 {
			if b>>bit&1 == 0 {
				if rank == 0 {
					return i*8 + bit
				}
				rank--
			}
		}
	}
	return -1
}

// revoke sets bits, and reports whether one was not set before.
func (l *list) revoke(tx vault.Tx, indexes []int) (changed bool, err error) {
	for _, i := range indexes {
		n, at := i/pageBits, i%pageBits
		page, err := l.page(tx, kindInvalid, n)
		if err != nil {
			return changed, err
		}
		if page[at/8]>>(at%8)&1 == 1 {
			continue
		}
		page[at/8] |= 1 << (at % 8)
		changed = true
		if err := l.savePage(tx, kindInvalid, n, page); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// status reads the whole list, with some more entries revoked.
func (l *list) status(tx vault.Tx, more []int) (*status.List, error) {
	s, err := status.New(1, l.Size)
	if err != nil {
		return nil, err
	}
	for n := range l.Free {
		page, err := l.page(tx, kindInvalid, n)
		if err != nil {
			return nil, err
		}
		for i, b := range page {
			for ; b != 0; b &= b - 1 {
				if err := s.Set(n*pageBits+i*8+bits.TrailingZeros8(b), status.Invalid); err != nil {
					return nil, fmt.Errorf("%w: page of a status list: %w", vault.ErrDamaged, err)
				}
			}
		}
	}
	for _, i := range more {
		if err := s.Set(i, status.Invalid); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// token signs the list as the ledger took it last.
func (d *Desk) token(ctx context.Context, tx vault.Tx, l *list) ([]byte, error) {
	s, err := l.status(tx, nil)
	if err != nil {
		return nil, err
	}
	token, err := status.Sign(ctx, d.cfg.Keys.Key, d.cfg.header(),
		status.Claims{Subject: l.URI, IssuedAt: d.cfg.Clock(), Expires: l.ValidUntil}, s)
	return []byte(token), err
}
