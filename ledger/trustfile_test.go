package ledger_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
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
		Origin: origin, LogKey: w.log.VerifierKey(), WitnessKeys: w.trust.WitnessKeys, K: 2, RootDID: didOf(1), First: first,
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
		return fmt.Sprintf(`{"origin":%q,"log":%q,"witnesses":[%s],"k":%s,"rootDID":%q,"first":%q%s}`, origin, log, witnesses, k, root, base64.StdEncoding.EncodeToString(first[:]), rest)
	}
	log, q := w.log.VerifierKey(), fmt.Sprintf("%q", wit)
	must(ledger.ParseTrust([]byte(file(origin, log, q, "1", didOf(1), ""))))(t)

	_, key64, _ := strings.Cut(wit[len("witness.example/a+"):], "+")
	otherName := must(ledger.NewCosigner("witness.example/b", ed25519Key(t), nil))(t).VerifierKey()
	wrongHash := "witness.example/a+00000000+" + key64
	plain := must(ledger.NewLogSigner("witness.example/a", ed25519Key(t)))(t).VerifierKey()
	next := base64.StdEncoding.EncodeToString(first[:])
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
		"no first":           {strings.Replace(file(origin, log, q, "1", didOf(1), ""), `"first"`, `"last"`, 1), ledger.ErrValue},
		"first of nothing":   {strings.Replace(file(origin, log, q, "1", didOf(1), ""), base64.StdEncoding.EncodeToString(first[:]), base64.StdEncoding.EncodeToString(make([]byte, 32)), 1), ledger.ErrValue},
		"first and last":     {file(origin, log, q, "1", didOf(1), fmt.Sprintf(`,"last":%q`, base64.StdEncoding.EncodeToString(first[:]))), ledger.ErrValue},
		"followed, no last":  {file(origin, log, q, "1", didOf(1), `,"number":1`), ledger.ErrValue},
		"short genesis":      {file(origin, log, q, "1", didOf(1), `,"genesis":"AAAA"`), ledger.ErrValue},
		"empty genesis":      {file(origin, log, q, "1", didOf(1), `,"genesis":""`), ledger.ErrValue},
		"threshold alone":    {file(origin, log, q, "1", didOf(1), `,"threshold":1`), ledger.ErrValue},
		"next alone":         {file(origin, log, q, "1", didOf(1), `,"next":["`+next+`"]`), ledger.ErrValue},
		"threshold above n":  {file(origin, log, q, "1", didOf(1), `,"next":["`+next+`"],"threshold":2`), ledger.ErrValue},
		"threshold below 0":  {file(origin, log, q, "1", didOf(1), `,"next":["`+next+`"],"threshold":-1`), ledger.ErrValue},
		"short next":         {file(origin, log, q, "1", didOf(1), `,"next":["AA=="],"threshold":1`), ledger.ErrValue},
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

// witnessKey writes a witness's verifier key by hand: any algorithm byte and any name, with
// the hash that a cosigner of this key has.
func witnessKey(name string, algorithm byte, key []byte) string {
	return verifierKey(name, keyHash(name, 4, key), algorithm, key)
}

func verifierKey(name string, hash uint32, algorithm byte, key []byte) string {
	return fmt.Sprintf("%s+%08x+%s", name, hash, base64.StdEncoding.EncodeToString(append([]byte{algorithm}, key...)))
}

// keyHash is that of C2SP signed-note: a log's with 1, a witness's with 4.
func keyHash(name string, algorithm byte, key []byte) uint32 {
	sum := sha256.Sum256(slices.Concat([]byte(name), []byte{'\n', algorithm}, key))
	return binary.BigEndian.Uint32(sum[:])
}

// taken reports whether a trust file and an agreement take witnesses, both alike.
func taken(t *testing.T, w *world, witnesses ...string) bool {
	t.Helper()
	_, file := ledger.NewTrust(ledger.TrustFile{Origin: origin, LogKey: w.log.VerifierKey(), WitnessKeys: witnesses, K: len(witnesses), RootDID: didOf(1), First: first})
	agreed := (&ledger.Agreement{Witnesses: witnesses, K: uint32(len(witnesses)), Deciders: []ledger.Decider{{Key: []byte{1}, Next: [32]byte{1}}}, Threshold: 1}).Check()
	if (file == nil) != (agreed == nil) || file != nil && (!is(file, ledger.ErrValue) || !is(agreed, ledger.ErrValue)) {
		t.Errorf("trust file: %v; agreement: %v", file, agreed)
	}
	return file == nil
}

// TestOneWitnessTwice: a key under two names counts for one witness, however it is written,
// and two keys that no reader can tell apart are none.
func TestOneWitnessTwice(t *testing.T) {
	w := newWorld(t, 1, 1)
	key := ed25519Key(t).Public().(ed25519.PublicKey)
	a := witnessKey("a", 4, key)
	if !taken(t, w, a) || !taken(t, w, a, witnessKey("b", 4, ed25519Key(t).Public().(ed25519.PublicKey))) {
		t.Fatal("honest witnesses are refused")
	}
	for algorithm := range 256 {
		if taken(t, w, a, witnessKey("b", byte(algorithm), key)) {
			t.Errorf("a key counts twice, with algorithm byte %d", algorithm)
		}
		if algorithm != 4 && taken(t, w, witnessKey("b", byte(algorithm), key)) {
			t.Errorf("algorithm byte %d is taken", algorithm)
		}
	}
	for name, spelling := range map[string]string{
		"a byte more": witnessKey("a", 4, append(slices.Clone(key), 0)), "a byte less": witnessKey("a", 4, key[:31]),
		"no padding": strings.TrimRight(a, "="), "a line break": a[:len(a)-4] + "\n" + a[len(a)-4:], "upper case": strings.Replace(a, a[2:10], strings.ToUpper(a[2:10]), 1),
	} {
		if spelling != a && taken(t, w, spelling) {
			t.Errorf("%s is taken", name)
		}
	}
	one, other := sameHash("a", 4)
	if taken(t, w, witnessKey("a", 4, one), witnessKey("a", 4, other)) {
		t.Error("two keys of one name and hash are taken")
	}
	log, other := sameHash(origin, 1)
	file := ledger.TrustFile{
		Origin: origin, LogKey: verifierKey(origin, keyHash(origin, 1, log), 1, log), WitnessKeys: []string{a}, K: 1, RootDID: didOf(1), First: first,
	}
	must(ledger.NewTrust(file))(t)
	file.WitnessKeys[0] = witnessKey(origin, 4, other)
	if _, err := ledger.NewTrust(file); !is(err, ledger.ErrValue) {
		t.Errorf("a witness with the log's name and hash: %v", err)
	}
}

// sameHash finds two keys of one hash under a name, one with an algorithm byte, the other
// with a witness's: by birthday, in some 80,000 tries.
func sameHash(name string, algorithm byte) (one, other []byte) {
	seen := map[uint32][]byte{}
	for i := uint64(0); ; i++ {
		key := sha256.Sum256(binary.BigEndian.AppendUint64(nil, i))
		if before, found := seen[keyHash(name, 4, key[:])]; found {
			return before, key[:]
		}
		seen[keyHash(name, algorithm, key[:])] = key[:]
	}
}

// TestAgencyTwice: an agency counts once towards the threshold.
func TestAgencyTwice(t *testing.T) {
	w := newWorld(t, 1, 1)
	_, err := ledger.NewTrust(ledger.TrustFile{
		Origin: origin, LogKey: w.log.VerifierKey(), WitnessKeys: []string{w.witnesses[0].VerifierKey()}, K: 1, RootDID: didOf(1), First: first,
		Next: [][32]byte{{1}, {1}}, Threshold: 2,
	})
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
