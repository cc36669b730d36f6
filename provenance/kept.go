package provenance

import (
	"sync"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/status"
)

// keep makes something once for a checkpoint, where the source is a ledger whose client
// holds it, and each time otherwise.
func keep[T any](source Committed, name string, make func() (T, error)) (T, error) {
	if l, ok := source.(onLedger); ok {
		return ledger.Derive(l.view, name, make)
	}
	return make()
}

// signedList is a status list and the key that signed it.
type signedList struct {
	*status.Verified
	key did.Key
}

// listOf names a status list: two issuers may each have one of the same URI.
type listOf struct{ issuer, uri string }

// keptLists are status lists whose roots are those of one checkpoint.
type keptLists struct {
	mu    sync.Mutex
	lists map[listOf]*signedList
	size  int
}

// maxKept bounds the entries of lists that are kept, in bytes; beyond it they begin
// anew.
const maxKept = 32 << 20

// of returns a list that is still fresh and whose key is still in force; nil where
// none is kept.
func (k *keptLists) of(of listOf, opts Options) *signedList {
	k.mu.Lock()
	list := k.lists[of]
	k.mu.Unlock()
	if list == nil || list.key.CheckAt(opts.Now) != nil || list.CheckTime(opts.ofStatus()) != nil {
		return nil
	}
	return list
}

func (k *keptLists) keep(of listOf, list *signedList) {
	size := len(of.issuer) + len(of.uri) + list.List.Size()*list.List.Bits()/8
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lists == nil || k.size+size > maxKept {
		k.lists, k.size = map[listOf]*signedList{}, 0
	}
	k.lists[of] = list
	k.size += size
}
