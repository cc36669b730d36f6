package wallet_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet"
)

// FuzzStaple lets a counter staple any bytes as the proof of who asks: the wallet refuses,
// or believes of the counter what the ledger says, and nothing more.
func FuzzStaple(f *testing.F) {
	c := hufutest.New(f, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	counter := c.Counter(c.Policy(nil))
	sent := c.Request(c.AskText(counter))
	rogue := c.NewAgency()
	f.Add(sent.LedgerProof, false)
	f.Add(sent.LedgerProof, true)
	f.Add(sent.LedgerProof[:len(sent.LedgerProof)-1], false)
	f.Add(bytes.Repeat([]byte{0x80}, 300), true)
	if other, err := c.Log.Prove(f.Context(), ledger.DIDKey(rogue.DID)); err == nil {
		f.Add(other.Bytes(), true)
	}
	f.Fuzz(func(t *testing.T, staple []byte, byRogue bool) {
		who, request := c.Library, *sent
		if byRogue {
			who = rogue
		}
		request.Verifier, request.LedgerProof = who.DID, staple
		object, err := openid.SignRequest(t.Context(), who.Key, who.KeyID, &request)
		if err != nil {
			return // larger than a request may be
		}
		ask, err := citizen.ResolveRequest(t.Context(), []byte(object))
		if err != nil {
			var rejected *wallet.Rejected
			var unchecked *wallet.Unchecked
			if !errors.As(err, &rejected) && !errors.As(err, &unchecked) {
				t.Fatalf("untyped: %v", err)
			}
			return
		}
		subject, known := ask.Who()
		if !byRogue && bytes.Equal(staple, sent.LedgerProof) && !known {
			t.Fatal("the true proof proves nobody")
		}
		if byRogue && (known || ask.Choices[0].Accreditation == nil) || known && subject != c.Library.Subject {
			t.Fatalf("believes of %s: %+v", ask.Requester, subject)
		}
	})
}
