package folder_test

import (
	"testing"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/zkp"
)

// TestRootSaysWhoItIs: at its first Join, under its own key on the ledger.
func TestRootSaysWhoItIs(t *testing.T) {
	p := newPlace(t)
	a, err := folder.NewAgency(t.Context(), p.path("root"), ledgertest.SubjectOf("root"), pass, nil, p.opts)
	none(t, err)
	defer a.Close()
	keys, err := a.RootKeys(t.Context())
	none(t, err)
	log, err := sqlitelog.Init(t.Context(), p.path("ledger"), "root.example/ledger", new(zkp.Accumulator), keys.Key,
		sqlitelog.InitOptions{Clock: p.opts.Clock, NextKeys: [][32]byte{keys.Next}, Deciders: []ledger.Decider{keys.Decider}})
	none(t, err)
	defer log.Close()
	none(t, a.Join(t.Context(), log))
	proof, err := log.Prove(t.Context(), ledger.RootKey(a.DID()))
	none(t, err)
	view, err := ledger.Verify(log.Trust(), proof, ledger.VerifyOptions{Now: p.Now()})
	none(t, err)
	if who, err := view.Subject(nil); err != nil || who != ledgertest.SubjectOf("root") || !a.Card.Described {
		t.Errorf("%+v, %v", who, err)
	}
}
