package wallet

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
)

// A Lookalike is an agency for which another may be taken: one has a name that looks like
// a name of the other.
type Lookalike struct {
	Agency string // DID
	Name   ledger.Text
	// Met is set if this wallet has answered the agency, or holds a credential of it.
	Met bool
}

// kindMet has the names under which the wallet has answered agencies, by DID.
const kindMet = "met"

// maxLookalikes caps what one screen says.
const maxLookalikes = 8

// lookalikes are the other agencies that this wallet knows under a name that looks like
// one of an agency's: from the list of agencies, whatever its age, from the answers it
// gave and from the credentials it holds. It asks nobody.
func (w *Wallet) lookalikes(ctx context.Context, did string, who ledger.Subject, held *deck) ([]Lookalike, error) {
	if who == (ledger.Subject{}) {
		return nil, nil
	}
	mine := skeletons(who.Name)
	found := map[string]Lookalike{}
	note := func(other Lookalike) {
		known := found[other.Agency]
		if other.Agency != did && (other.Met || !known.Met) {
			found[other.Agency] = other
		}
	}
	listed := w.listedNames()
	for _, skeleton := range mine {
		for _, other := range listed[skeleton] {
			note(other)
		}
	}
	met := func(agency string, name ledger.Text) {
		if slices.ContainsFunc(skeletons(name), func(s string) bool { return s != "" && slices.Contains(mine, s) }) {
			note(Lookalike{agency, name, true})
		}
	}
	for _, issuer := range held.met {
		met(issuer.Agency, issuer.Name)
	}
	err := w.store.View(ctx, func(tx vault.Tx) error {
		records, err := tx.List(kindMet)
		if err != nil {
			return err
		}
		for _, r := range records {
			var name ledger.Text
			if err := strictjson.Read(r.Value, limits.Record, &name); err != nil {
				return fmt.Errorf("%w: stored name: %w", vault.ErrDamaged, err)
			}
			met(r.ID, name)
		}
		return nil
	})
	out := make([]Lookalike, 0, len(found))
	for _, other := range found {
		out = append(out, other)
	}
	slices.SortFunc(out, func(a, b Lookalike) int {
		if a.Met != b.Met {
			return map[bool]int{true: -1, false: 1}[a.Met]
		}
		return cmp.Compare(a.Agency, b.Agency)
	})
	return out[:min(len(out), maxLookalikes)], err
}

// skeletons are what names that look like these have in common.
func skeletons(name ledger.Text) []string {
	return []string{ledger.NameSkeleton(name.English), ledger.NameSkeleton(name.Chinese)}
}

// nameIndex has the names of a list of agencies by their skeletons.
type nameIndex struct {
	of   *ledger.View
	name map[string][]Lookalike
}

// listedNames is the index of the newest list, made once.
func (w *Wallet) listedNames() map[string][]Lookalike {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listed == nil || w.names.of == w.listed {
		return w.names.name
	}
	w.names = nameIndex{w.listed, map[string][]Lookalike{}}
	for a := range w.listed.Accreditations() {
		if a.State == ledger.StateRevoked || a.State == ledger.StateEnded {
			continue // its name is free
		}
		for _, s := range skeletons(a.Subject.Name) {
			w.names.name[s] = append(w.names.name[s], Lookalike{a.Agency, a.Subject.Name, false})
		}
	}
	return w.names.name
}
