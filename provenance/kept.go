package provenance

import (
	"sync"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/status"
)

// keep makes something once for a checkpoint, where the source is a ledger whose client
// holds it, and each time otherwise.
func keep[T any](source Source, name string, make func() (T, error)) (T, error) {
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

// keptLists are status lists whose roots are those of one checkpoint.
type keptLists struct {
	mu    sync.Mutex
	lists map[string]*signedList
	size  int
}

// maxKept bounds the entries of lists that are kept, in bytes; beyond it they begin
// anew.
const maxKept = 32 << 20

// of returns a list that is still fresh and whose key is still in force; nil where
// none is kept.
func (k *keptLists) of(uri string, opts Options) *signedList {
	k.mu.Lock()
	list := k.lists[uri]
	k.mu.Unlock()
	if list == nil || list.key.CheckAt(opts.Now) != nil || list.CheckTime(opts.ofStatus()) != nil {
		return nil
	}
	return list
}

func (k *keptLists) keep(uri string, list *signedList) {
	size := len(uri) + list.List.Size()*list.List.Bits()/8
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lists == nil || k.size+size > maxKept {
		k.lists, k.size = map[string]*signedList{}, 0
	}
	k.lists[uri] = list
	k.size += size
}
