package wallet

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/vault"
)

// The index has the facts of every credential, in 256 records by a hash of their ids,
// so that a change rewrites one of them. The record headID says which of its versions
// last wrote each: who has read the index reads again only what has changed since, in
// another process too. It is never deleted, so that its versions go on.
// The credentials are the truth: an index that is missing or damaged is made anew.
const (
	kindIndex = "index"
	headID    = "head"
	shards    = 256
	maxShard  = 1 << 16 // cards in one record
)

func shardOf(id string) int {
	sum := sha256.Sum256([]byte(id))
	return int(sum[0])
}

func shardID(shard int) string { return hex.EncodeToString([]byte{byte(shard)}) }

// head has the version of the head that last wrote each shard.
type head [shards]uint32

func readHead(tx vault.Tx) (h head, version uint64, err error) {
	r, err := tx.Get(kindIndex, headID)
	if err != nil {
		return h, 0, err
	}
	if len(r.Value) != 4*shards {
		return h, r.Version, fmt.Errorf("%w: index", vault.ErrDamaged)
	}
	for i := range h {
		h[i] = binary.BigEndian.Uint32(r.Value[4*i:])
	}
	return h, r.Version, nil
}

func (h *head) put(tx vault.Tx) error {
	value := make([]byte, 0, 4*shards)
	for _, n := range h {
		value = binary.BigEndian.AppendUint32(value, n)
	}
	return tx.Put(kindIndex, headID, value)
}

func readShard(tx vault.Tx, shard int) (list []*facts, err error) {
	r, err := tx.Get(kindIndex, shardID(shard))
	if errors.Is(err, vault.ErrNotFound) {
		return nil, nil
	}
	if err == nil {
		err = readMode.Unmarshal(r.Value, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: index: %w", vault.ErrDamaged, err)
	}
	return list, nil
}

func putShard(tx vault.Tx, shard int, list []*facts) error {
	value, err := cardMode.Marshal(list)
	if err != nil {
		return err
	}
	return tx.Put(kindIndex, shardID(shard), value)
}

// editCards changes the facts of some credentials in one transaction: edit gets what
// is known, nil for nothing, and returns what shall be, nil for nothing. An index that
// does not read is dropped, to be made anew from the credentials.
func editCards(tx vault.Tx, ids []string, edit func(id string, known *facts) *facts) error {
	h, version, err := readHead(tx)
	if errors.Is(err, vault.ErrNotFound) {
		return nil
	}
	byShard := map[int][]string{}
	for _, id := range ids {
		byShard[shardOf(id)] = append(byShard[shardOf(id)], id)
	}
	for shard, ids := range byShard {
		var list []*facts
		if err == nil {
			list, err = readShard(tx, shard)
		}
		if errors.Is(err, vault.ErrDamaged) {
			return tx.Put(kindIndex, headID, nil)
		}
		if err != nil {
			return err
		}
		for _, id := range ids {
			list = editCard(list, id, edit)
		}
		if err := putShard(tx, shard, list); err != nil {
			return err
		}
		h[shard] = uint32(version + 1)
	}
	return h.put(tx)
}

func editCard(list []*facts, id string, edit func(string, *facts) *facts) []*facts {
	i := slices.IndexFunc(list, func(f *facts) bool { return f.ID == id })
	var known *facts
	if i >= 0 {
		known = list[i]
		list = slices.Delete(list, i, i+1)
	}
	if next := edit(id, known); next != nil {
		list = append(list, next)
	}
	return list
}

func putCard(tx vault.Tx, f *facts) error {
	return editCards(tx, []string{f.ID}, func(string, *facts) *facts { return f })
}

// deck is what a wallet holds at one moment. It never changes.
type deck struct {
	all    []*card // by id
	byID   map[string]*card
	byType map[string][]*card
	met    []Lookalike // the issuers, each under each of its names
	lists  standings
}

// index is the part of the store's index that this process has read.
type index struct {
	mu      sync.Mutex
	version uint64 // of the head
	head    head
	cards   [shards][]*card
	lists   uint64 // version of the standings
	deck    *deck
}

// deck returns what the wallet holds. It reads what has changed since the last call.
func (w *Wallet) deck(ctx context.Context) (*deck, error) {
	w.index.mu.Lock()
	defer w.index.mu.Unlock()
	err := w.store.View(ctx, w.index.read)
	if errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrDamaged) {
		if err = w.store.Update(ctx, rebuild); err == nil {
			w.index.version = 0
			err = w.store.View(ctx, w.index.read)
		}
	}
	return w.index.deck, err
}

func (x *index) read(tx vault.Tx) error {
	h, version, err := readHead(tx)
	if err != nil {
		return err
	}
	lists, of, err := readStandings(tx)
	if err != nil {
		return err
	}
	if x.deck != nil && x.version == version && x.lists == of {
		return nil
	}
	known := schemas{}
	for shard := range h {
		if x.version != 0 && x.head[shard] == h[shard] {
			continue
		}
		list, err := readShard(tx, shard)
		if err != nil {
			x.version = 0
			return err
		}
		x.cards[shard] = x.cards[shard][:0:0]
		for _, f := range list {
			x.cards[shard] = append(x.cards[shard], newCard(tx, f, known))
		}
	}
	x.version, x.head, x.lists = version, h, of
	x.deal(lists)
	return nil
}

func newCard(tx vault.Tx, f *facts, known schemas) *card {
	c := &card{facts: *f}
	if f.Damaged {
		c.err = fmt.Errorf("%w: stored credential", vault.ErrDamaged)
		return c
	}
	c.schema, c.err = known.get(tx, f.SchemaHash)
	return c
}

// deal puts the cards in order.
func (x *index) deal(lists standings) {
	d := &deck{all: slices.Concat(x.cards[:]...), byID: map[string]*card{}, byType: map[string][]*card{}, lists: lists}
	slices.SortFunc(d.all, func(a, b *card) int { return strings.Compare(a.ID, b.ID) })
	met := map[Lookalike]bool{}
	for _, c := range d.all {
		d.byID[c.ID] = c
		for _, vct := range append([]string{c.Type}, c.AlsoTypes...) {
			d.byType[vct] = append(d.byType[vct], c)
		}
		met[Lookalike{c.Issuer, c.Who.Name, true}] = true
	}
	d.met = slices.Collect(maps.Keys(met))
	x.deck = d
}

// rebuild makes the index anew from the credentials. It keeps what was known of their
// status, where that still reads.
func rebuild(tx vault.Tx) error {
	states := map[string]State{}
	for shard := range shards {
		list, _ := readShard(tx, shard)
		for _, f := range list {
			states[f.ID] = f.State
		}
	}
	ids, err := storedIDs(tx)
	if err != nil {
		return err
	}
	var lists [shards][]*facts
	for _, id := range ids {
		f, err := reread(tx, id)
		if errors.Is(err, vault.ErrNotFound) {
			continue
		}
		if err != nil {
			f = &facts{ID: id, Damaged: true}
		}
		f.State = states[id]
		lists[shardOf(id)] = append(lists[shardOf(id)], f)
	}
	h, version, _ := readHead(tx)
	for shard := range lists {
		if err := putShard(tx, shard, lists[shard]); err != nil {
			return err
		}
		h[shard] = uint32(version + 1)
	}
	return h.put(tx)
}

// storedIDs are the ids of the credentials. Where one of them is so damaged that none
// can be listed, the applications have the ids too.
func storedIDs(tx vault.Tx) (ids []string, err error) {
	records, err := tx.List(kindCredential)
	if errors.Is(err, vault.ErrDamaged) {
		records, err = tx.List(kindApplication)
	}
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	return ids, err
}

// reread verifies a stored credential as of its receipt: whether it still holds is for
// the ledger to say.
func reread(tx vault.Tx, id string) (*facts, error) {
	rec, err := readRecord(tx, id)
	if err != nil {
		return nil, err
	}
	damaged := func(err error) error { return fmt.Errorf("%w: stored credential: %w", vault.ErrDamaged, err) }
	sd, err := credential.Parse([]byte(rec.Text), credential.ParseOptions{})
	if err != nil {
		return nil, damaged(err)
	}
	issuer, err := did.ParseJWK(rec.Issuer)
	if err != nil {
		return nil, damaged(err)
	}
	verified, err := sd.Verify(issuer, credential.VerifyOptions{Now: rec.Received})
	if err != nil {
		return nil, damaged(err)
	}
	return factsOf(id, rec, verified)
}

func readRecord(tx vault.Tx, id string) (*record, error) {
	r, err := tx.Get(kindCredential, id)
	if err != nil {
		return nil, err
	}
	rec := new(record)
	if err := strictjson.Read(r.Value, limits.Record, rec); err != nil {
		return nil, fmt.Errorf("%w: stored credential: %w", vault.ErrDamaged, err)
	}
	return rec, nil
}
