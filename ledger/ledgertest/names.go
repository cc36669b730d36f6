package ledgertest

import (
	"context"
	"errors"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// names: who bears a name that looks like another's is refused on every engine, whichever
// node is asked; a name that was given up is its heir's and does not come back.
func (w *world) names() {
	first, heir := w.agency(), w.agency()
	accr := w.verifying(first)
	accr.Subject.Name = ledger.Text{English: "Dongcheng Library", Chinese: "东城区图书馆"}
	w.submit(w.sign(accr, w.Root))
	for _, key := range accr.Subject.Keys() {
		w.bears(key, first.did)
	}

	wanted := w.verifying(heir)
	for what, name := range map[string]ledger.Text{
		"the same names":  accr.Subject.Name,
		"the wrong field": {English: "东城区图书馆", Chinese: "东城区某馆"},
		"capitals":        {English: "DONGCHENG LIBRARY", Chinese: "东城区某馆"},
		"punctuation":     {English: "Dong-cheng Library.", Chinese: "东城区某馆"},
		"a one for an l":  {English: "Dongcheng 1ibrary", Chinese: "东城区某馆"},
		"accents":         {English: "Dóngchéng Library", Chinese: "东城区某馆"},
		"the other field": {English: "Some House", Chinese: "Dongcheng Library"},
		"brackets":        {English: "Some House", Chinese: "东城区（图书馆）"},
	} {
		changed := *wanted
		changed.Subject.Name = name
		for node := range w.Engines {
			if _, err := w.try(node, w.sign(&changed, w.Root)); !errors.Is(err, ledger.ErrTaken) {
				w.Errorf("%s, node %d: %v", what, node, err)
			}
		}
	}
	code := *wanted
	code.Subject.Code = accr.Subject.Code
	w.refuse(ledger.ErrConflict, w.sign(&code, w.Root)) // it has another one

	accr.State = ledger.StateSuspended
	w.submit(w.sign(accr, w.Root))
	wanted.Subject.Name = accr.Subject.Name
	w.refuse(ledger.ErrTaken, w.sign(wanted, w.Root))
	accr.State = ledger.StateRevoked
	w.submit(w.sign(accr, w.Root))
	w.bears(ledger.NameKey("东城区图书馆"), first.did) // noted until somebody takes it
	w.submit(w.sign(wanted, w.Root))
	w.bears(ledger.NameKey("东城区图书馆"), heir.did)
	w.bears(ledger.NameKey("Dongcheng Library"), heir.did)

	// Its first bearer cannot take it back. Once the heir gives it up, anybody may have it.
	again := w.verifying(first)
	again.Action, again.Subject.Name = ledger.ActionAccredit, accr.Subject.Name
	w.refuse(ledger.ErrTaken, w.sign(again, w.Root))
	wanted.State = ledger.StateRevoked
	w.submit(w.sign(wanted, w.Root))
	w.submit(w.sign(again, w.Root))
	w.bears(ledger.NameKey("东城区图书馆"), first.did)
}

// verifying is an accreditation to check, which the root did not give yet.
func (w *world) verifying(a *agency) *ledger.Accreditation {
	return &ledger.Accreditation{
		Agency: a.did, Action: ledger.ActionVerify, Region: region, Type: credentialType, Accreditor: w.Trust.RootDID,
		State: ledger.StateActive, Subject: SubjectOf(a.did),
	}
}

// bears insists on who is noted under a key of names, soon at every node.
func (w *world) bears(key, did string) {
	w.Helper()
	var got []byte
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		same := 0
		for _, engine := range w.Engines {
			if got, err = w.valueAt(engine, key); err == nil && string(got) == did {
				same++
			}
		}
		if same == len(w.Engines) {
			return
		}
	}
	w.Errorf("%s: %q, %v, want %q", key, got, err, did)
}

// valueAt is what one node proves.
func (w *world) valueAt(engine ledger.Ledger, key string) ([]byte, error) {
	proof, err := engine.Prove(context.Background(), key)
	if err != nil {
		return nil, err
	}
	view, err := ledger.Verify(w.Trust, proof, ledger.VerifyOptions{Now: w.Now()})
	if err != nil {
		return nil, err
	}
	return view.Get(key)
}
