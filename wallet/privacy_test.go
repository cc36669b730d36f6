package wallet_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/zkp"
)

// TestUnlinkable: two answers of one wallet to two counters have nothing in
// common but what all answers of the epoch have: version, suite and epoch.
func TestUnlinkable(t *testing.T) {
	long.NotShort(t, "proves in zero knowledge")
	c := hufutest.New(t, hufutest.Options{})
	c.UseProver()
	citizen, gym := c.Citizen(c.Adult()), c.NewAgency()
	c.Accredit(gym, ledger.ActionVerify, ledger.StateActive)
	c.NextEpoch()
	prepare(t, citizen, 2, 2)
	var shown [][]byte
	for _, agency := range []*hufutest.Agency{c.Library, gym} {
		answer := c.Answer(citizen, c.CounterOf(agency, c.Policy(nil)), hufutest.Proof)
		_, _, text := c.Response(answer)
		b, err := base64.RawURLEncoding.DecodeString(text)
		none(t, err)
		shown = append(shown, b)
	}
	const header = 2 + 8
	if !bytes.Equal(shown[0][:header], shown[1][:header]) || len(shown[0]) != zkp.PresentationSize(1) || len(shown[1]) != zkp.PresentationSize(1) {
		t.Error("header or length tells the answers apart")
	}
	// By chance, 16 equal bytes come once in 2^111 pairs of answers.
	for i := header; i+16 <= len(shown[0]); i++ {
		if bytes.Contains(shown[1], shown[0][i:i+16]) {
			t.Fatalf("both answers hold the 16 bytes at %d", i)
		}
	}
}

// spellings of a value in which it could leak.
func spellings(value string) [][]byte {
	out := [][]byte{[]byte(value), []byte(hex.EncodeToString([]byte(value)))}
	// Base64 of a longer text spells a value in one of three ways.
	for shift := range 3 {
		text := base64.RawURLEncoding.EncodeToString(append(make([]byte, shift), value...))
		from := (shift*8 + 5) / 6
		to := (shift + len(value)) * 8 / 6
		out = append(out, []byte(text[from:to]))
	}
	return out
}

// TestSpellings: the search finds what is there.
func TestSpellings(t *testing.T) {
	for shift := range 4 {
		text := []byte(base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + "canary-value" + "yy")))
		found := false
		for _, s := range spellings("canary-value") {
			found = found || bytes.Contains(text, s)
		}
		if !found {
			t.Errorf("not found at shift %d", shift)
		}
	}
}

// TestCanary: of a citizen who answers in zero knowledge, no value gets into
// the ledger's files, the published lists, the requests or the answers.
func TestCanary(t *testing.T) {
	long.NotShort(t, "proves in zero knowledge")
	c := hufutest.New(t, hufutest.Options{})
	c.UseProver()
	canary := hufutest.NewResident("canary-name-7f3a", "1979-06-13", "110101", 911)
	canary.Address = "canary-address-c41d"
	citizen := c.Citizen(canary)
	c.NextEpoch()
	counter := c.Counter(c.Policy(nil))
	request, ask := c.Ask(citizen, counter)
	answer := c.Present(citizen, ask, hufutest.Proof)
	if _, err := counter.Verify(t.Context(), answer); err != nil {
		t.Fatal(err)
	}
	none(t, c.Desk.Revoke(t.Context(), citizen.Code))
	c.NextEpoch()
	c.Log.Close() // so that nothing is left in memory alone

	list, err := c.Public.Fetch(t.Context(), c.Desk.StatusURI())
	none(t, err)
	endorsement, _ := endorsementOf(t, citizen)
	places := map[string][]byte{"request": request, "answer": answer, "status list": list}
	none(t, fs.WalkDir(os.DirFS(c.Dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			places[name], err = fs.ReadFile(os.DirFS(c.Dir), name)
		}
		return err
	}))
	if len(places["log.db"]) == 0 {
		t.Fatal("the ledger has no file")
	}
	for _, value := range []string{canary.Name, canary.Number, canary.Birthdate, canary.Address, endorsement} {
		for _, spelling := range spellings(value) {
			for place, b := range places {
				if bytes.Contains(b, spelling) {
					t.Errorf("%s holds a claim's value", place)
				}
			}
		}
	}
}

// TestSameLength: answers do not tell by their length who gave them.
func TestSameLength(t *testing.T) {
	c, citizen, _ := sketched(t)
	counter := c.Counter(c.Policy(nil))
	long := c.OtherAdult()
	long.Name, long.Address = strings.Repeat("长", 40), strings.Repeat("街", 90)
	neighbour := c.Citizen(long)
	a, b := c.Answer(citizen, counter, hufutest.Proof), c.Answer(neighbour, counter, hufutest.Proof)
	if len(a) != len(b) {
		t.Errorf("%d and %d bytes", len(a), len(b))
	}
	if _, err := openid.ParseResponse(a); err != nil {
		t.Error(err)
	}
}
