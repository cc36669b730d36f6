package ledger_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
)

func TestTrustFile(t *testing.T) {
	w := newWorld(t, 1, 2)
	again := must(ledger.ParseTrust(w.trust.Bytes()))(t)
	if again.EpochLength != time.Hour || again.MaxCheckpointAge() != 24*time.Hour || again.K != 1 || again.Fingerprint() != w.trust.Fingerprint() {
		t.Fatalf("%+v", again)
	}
	print := w.trust.Fingerprint()
	must(ledger.ParseTrustPinned(w.trust.Bytes(), hex.EncodeToString(print[:])))(t)
	must(ledger.ParseTrustPinned(w.trust.Bytes(), strings.ToUpper(hex.EncodeToString(print[:]))))(t)
	for _, pin := range []string{"", "zz", hex.EncodeToString(print[:31]), strings.Repeat("0", 64)} {
		if _, err := ledger.ParseTrustPinned(w.trust.Bytes(), pin); !is(err, ledger.ErrFingerprint) {
			t.Errorf("%q: %v", pin, err)
		}
	}
	if _, err := ledger.ParseTrustPinned(append(w.trust.Bytes(), '\n'), hex.EncodeToString(print[:])); !is(err, ledger.ErrFingerprint) {
		t.Error("one byte more:", err)
	}
	own := must(ledger.NewTrust(ledger.TrustFile{
		Origin: origin, LogKey: w.log.VerifierKey(), WitnessKeys: w.trust.WitnessKeys, K: 2, RootDID: didOf(1),
		EpochLength: time.Minute, MaxAge: ledger.MaxAge{Checkpoint: time.Second},
	}))(t)
	if own.EpochLength != time.Minute || own.MaxCheckpointAge() != time.Second || own.EpochAt(time.Unix(119, 0)) != 1 {
		t.Fatalf("%+v", own)
	}
	if at := (&ledger.Epoch{Number: 1}).ClosedAt(own); at.Unix() != 120 {
		t.Error("epoch 1 closed at", at.Unix())
	}
}

func TestTrustFileRefused(t *testing.T) {
	w := newWorld(t, 1, 2)
	wit := w.witnesses[0].VerifierKey()
	file := func(origin, log, witnesses, k, root, rest string) string {
		return fmt.Sprintf(`{"origin":%q,"log":%q,"witnesses":[%s],"k":%s,"rootDID":%q%s}`, origin, log, witnesses, k, root, rest)
	}
	log, q := w.log.VerifierKey(), fmt.Sprintf("%q", wit)
	must(ledger.ParseTrust([]byte(file(origin, log, q, "1", didOf(1), ""))))(t)

	_, key64, _ := strings.Cut(wit[len("witness.example/a+"):], "+")
	otherName := must(ledger.NewCosigner("witness.example/b", ed25519Key(t), nil))(t).VerifierKey()
	wrongHash := "witness.example/a+00000000+" + key64
	plain := must(ledger.NewLogSigner("witness.example/a", ed25519Key(t)))(t).VerifierKey()
	for name, c := range map[string]struct {
		file string
		want error
	}{
		"no json":            {"{", ledger.ErrFormat},
		"trailing data":      {file(origin, log, q, "1", didOf(1), "") + "{}", ledger.ErrFormat},
		"member twice":       {file(origin, log, q, "1", didOf(1), `,"k":1`), ledger.ErrFormat},
		"member folded":      {file(origin, log, q, "1", didOf(1), `,"K":1`), ledger.ErrFormat},
		"member unknown":     {file(origin, log, q, "1", didOf(1), `,"n":1`), ledger.ErrFormat},
		"no origin":          {file("", log, q, "1", didOf(1), ""), ledger.ErrKey},
		"another origin":     {file("elsewhere.example", log, q, "1", didOf(1), ""), ledger.ErrValue},
		"malformed log key":  {file(origin, log+"x", q, "1", didOf(1), ""), ledger.ErrValue},
		"no witness":         {file(origin, log, "", "1", didOf(1), ""), ledger.ErrValue},
		"k 0":                {file(origin, log, q, "0", didOf(1), ""), ledger.ErrValue},
		"k negative":         {file(origin, log, q, "-1", didOf(1), ""), ledger.ErrValue},
		"k above n":          {file(origin, log, q, "2", didOf(1), ""), ledger.ErrValue},
		"witness twice":      {file(origin, log, q+","+q, "1", didOf(1), ""), ledger.ErrValue},
		"witness not cosign": {file(origin, log, fmt.Sprintf("%q", plain), "1", didOf(1), ""), ledger.ErrValue},
		"witness malformed":  {file(origin, log, `"x"`, "1", didOf(1), ""), ledger.ErrValue},
		"witness hash":       {file(origin, log, fmt.Sprintf("%q", wrongHash), "1", didOf(1), ""), ledger.ErrValue},
		"33 witnesses":       {file(origin, log, strings.Repeat(q+",", 32)+q, "1", didOf(1), ""), ledger.ErrValue},
		"root":               {file(origin, log, q, "1", "did:web:example.org", ""), ledger.ErrKey},
		"threshold alone":    {file(origin, log, q, "1", didOf(1), `,"threshold":1`), ledger.ErrValue},
		"agencies alone":     {file(origin, log, q, "1", didOf(1), `,"agencyKeys":["AA=="]`), ledger.ErrValue},
		"threshold above n":  {file(origin, log, q, "1", didOf(1), `,"agencyKeys":["AA=="],"threshold":2`), ledger.ErrValue},
		"threshold below 0":  {file(origin, log, q, "1", didOf(1), `,"agencyKeys":["AA=="],"threshold":-1`), ledger.ErrValue},
		"negative trust age": {file(origin, log, q, "1", didOf(1), `,"maxAge":{"trust":-1}`), ledger.ErrValue},
		"negative epoch":     {file(origin, log, q, "1", didOf(1), `,"epochLength":-1`), ledger.ErrValue},
		"endless epoch":      {file(origin, log, q, "1", didOf(1), `,"epochLength":9223372036854775807`), ledger.ErrValue},
		"negative age":       {file(origin, log, q, "1", didOf(1), `,"maxAge":{"checkpoint":-1}`), ledger.ErrValue},
		"too large":          {file(origin, log, q, "1", didOf(1), "") + strings.Repeat(" ", limits.Document), ledger.ErrTooLarge},
	} {
		if _, err := ledger.ParseTrust([]byte(c.file)); !is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	must(ledger.ParseTrust([]byte(file(origin, log, q+fmt.Sprintf(",%q", otherName), "2", didOf(1), ""))))(t)
}

// TestOneKeyTwoNames: a witness under two names would count twice.
func TestOneKeyTwoNames(t *testing.T) {
	w := newWorld(t, 1, 1)
	key := ed25519Key(t)
	a := must(ledger.NewCosigner("a", key, nil))(t).VerifierKey()
	b := must(ledger.NewCosigner("b", key, nil))(t).VerifierKey()
	_, err := ledger.NewTrust(ledger.TrustFile{Origin: origin, LogKey: w.log.VerifierKey(), WitnessKeys: []string{a, b}, K: 2, RootDID: didOf(1)})
	if !is(err, ledger.ErrValue) {
		t.Fatal(err)
	}
}

func TestNoteSigners(t *testing.T) {
	for name, err := range map[string]error{
		"log key":     second(ledger.NewLogSigner(origin, newKey(t))),
		"witness key": second(ledger.NewCosigner(origin, newKey(t), nil)),
	} {
		if !is(err, ledger.ErrSuite) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"log name":     second(ledger.NewLogSigner("a b", ed25519Key(t))),
		"witness name": second(ledger.NewCosigner("a+b", ed25519Key(t), nil)),
		"no ASCII":     second(ledger.NewLogSigner("库", ed25519Key(t))),
		"no name":      second(ledger.NewLogSigner("", ed25519Key(t))),
	} {
		if !is(err, ledger.ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
