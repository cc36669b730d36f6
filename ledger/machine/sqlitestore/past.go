package sqlitestore

import (
	"strings"
	"sync"

	"github.com/tidwall/btree"

	"github.com/hufu-id/hufu/ledger/machine"
)

const (
	// defaultPast caps the memory for earlier states, in bytes.
	defaultPast = 64 << 20
	// replacedCost is what a replaced value takes beyond its key and itself, in bytes.
	replacedCost = 128
	// dropStep caps how many rows are dropped in one go, while readers wait.
	dropStep = 1000
)

// past keeps the values that commits replace, for as long as a snapshot reads a state
// in which they were current. A snapshot then needs no transaction of SQLite, and holds
// back no write-ahead log.
//
// A value is kept before the commit that replaces it. A reader who sees the commit
// therefore finds the value. Only the writer calls keep, committed and rolledBack.
type past struct {
	mu sync.RWMutex
	// now numbers the newest committed state. States below floor cannot be read.
	now, floor uint64
	// pins counts the snapshots of each state.
	pins map[uint64]int
	rows map[machine.Table]*pastRows
	// generations lists the keys in rows by the state that they belong to, the oldest
	// first.
	generations []generation
	// size is what rows take, in bytes, and most the cap.
	size, most int
}

// pastRows holds the replaced values of each key, the oldest first.
type pastRows = btree.Map[string, []replaced]

// replaced is a value that was current up to a state; nil is a row that was not there.
type replaced struct {
	last  uint64
	value []byte
}

// generation are the keys that the successor of a state changed.
type generation struct {
	state uint64
	keys  []rowKey
}

func newPast(most int) *past {
	p := &past{pins: map[uint64]int{}, rows: map[machine.Table]*pastRows{}, most: most}
	for _, table := range machine.Tables() {
		p.rows[table] = new(pastRows)
	}
	return p
}

// pin holds the newest state.
func (p *past) pin() (state uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.floor > p.now {
		return 0, machine.ErrGone
	}
	p.pins[p.now]++
	return p.now, nil
}

// unpin lets a state go. The next commit frees what it held.
func (p *past) unpin(state uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pins[state]--; p.pins[state] == 0 {
		delete(p.pins, state)
	}
}

// kept reports whether the transaction under way needs to keep nothing more of a row.
func (p *past) kept(id rowKey) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	list, _ := p.rows[id.table].Get(id.key)
	return p.floor > p.now || len(list) > 0 && list[len(list)-1].last == p.now
}

// keep keeps the value that the transaction under way is about to replace. Where there
// is no room, the oldest states can no longer be read.
func (p *past) keep(id rowKey, value []byte) {
	p.mu.Lock()
	list, _ := p.rows[id.table].Get(id.key)
	p.rows[id.table].Set(id.key, append(list, replaced{p.now, value}))
	if n := len(p.generations); n == 0 || p.generations[n-1].state != p.now {
		p.generations = append(p.generations, generation{state: p.now})
	}
	last := &p.generations[len(p.generations)-1]
	last.keys = append(last.keys, id)
	p.size += len(id.key) + len(value) + replacedCost
	full := p.size > p.most
	if full {
		p.floor = p.generations[0].state + 1
	}
	p.mu.Unlock()
	if full {
		p.drop()
	}
}

// committed makes what was written the newest state, and frees what nobody reads.
func (p *past) committed() {
	p.mu.Lock()
	p.now++
	oldest := p.now
	for state := range p.pins {
		oldest = min(oldest, state)
	}
	p.floor = max(p.floor, oldest)
	p.mu.Unlock()
	p.drop()
}

// rolledBack forgets what the transaction under way has kept.
func (p *past) rolledBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.generations); n > 0 && p.generations[n-1].state == p.now {
		for _, id := range p.generations[n-1].keys {
			list, _ := p.rows[id.table].Get(id.key)
			p.set(id, list[:len(list)-1], list[len(list)-1])
		}
		p.generations = p.generations[:n-1]
	}
	// A state that was given up meanwhile is current, and gets a new number.
	p.now = max(p.now, p.floor)
}

// drop frees what belongs to states below the floor.
func (p *past) drop() {
	for p.dropSome() {
	}
}

func (p *past) dropSome() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.generations) == 0 || p.generations[0].state >= p.floor {
		return false
	}
	oldest := &p.generations[0]
	some := min(len(oldest.keys), dropStep)
	for _, id := range oldest.keys[:some] {
		list, _ := p.rows[id.table].Get(id.key)
		p.set(id, list[1:], list[0])
	}
	if oldest.keys = oldest.keys[some:]; len(oldest.keys) == 0 {
		p.generations = p.generations[1:]
	}
	return true
}

// set puts what is left of a row's values after one was taken away.
func (p *past) set(id rowKey, left []replaced, taken replaced) {
	p.size -= len(id.key) + len(taken.value) + replacedCost
	if len(left) == 0 {
		p.rows[id.table].Delete(id.key)
		return
	}
	p.rows[id.table].Set(id.key, left)
}

// at is the value of a row in an earlier state; value is what the database held when
// it was read, after the state was pinned.
func (p *past) at(state uint64, id rowKey, value []byte) ([]byte, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if state < p.floor {
		return nil, machine.ErrGone
	}
	if list, ok := p.rows[id.table].Get(id.key); ok {
		value = current(list, state, value)
	}
	return value, nil
}

// current is the value at a state.
func current(list []replaced, state uint64, value []byte) []byte {
	for _, r := range list {
		if r.last >= state {
			return r.value
		}
	}
	return value
}

// merge makes of consecutive rows of the database those of an earlier state. They have
// the prefix and come after a key. more says that the database has further rows; then
// nothing beyond the last of these is added.
func (p *past) merge(state uint64, table machine.Table, prefix string, after *string, found []row, more bool) (rows []row, err error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if state < p.floor {
		return nil, machine.ErrGone
	}
	from := prefix
	if after != nil {
		from = max(from, *after)
	}
	last := ""
	if more {
		last = found[len(found)-1].key
	}
	p.rows[table].Ascend(from, func(key string, list []replaced) bool {
		if !strings.HasPrefix(key, prefix) || more && key > last {
			return false
		}
		if after != nil && key <= *after {
			return true
		}
		for len(found) > 0 && found[0].key < key {
			rows, found = append(rows, found[0]), found[1:]
		}
		var value []byte
		if len(found) > 0 && found[0].key == key {
			value, found = found[0].value, found[1:]
		}
		if value = current(list, state, value); value != nil {
			rows = append(rows, row{key, value})
		}
		return true
	})
	return append(rows, found...), nil
}
