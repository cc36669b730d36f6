package ledger_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger"
)

func TestVerify(t *testing.T) {
	w := newWorld(t, 2, 3)
	w.put(anchorOf(1))
	w.put(anchorOf(2))
	there, absent := anchorOf(1), anchorOf(9)
	v := must(w.verify(w.prove(there.Key(), absent.Key())))(t)
	if got := must(v.Anchor(there.Agency, there.Hash))(t); *got != *there {
		t.Fatalf("got %+v", got)
	}
	if _, err := v.Get(absent.Key()); !is(err, ledger.ErrAbsent) {
		t.Error("absent:", err)
	}
	var missing *ledger.NotProvedError
	if _, err := v.Get(anchorOf(2).Key()); !errors.As(err, &missing) || missing.Keys[0] != anchorOf(2).Key() {
		t.Error("not covered:", err)
	}
	if v.Head.Size != 3 || !v.Head.Time.Equal(start) || v.Head.State == nil {
		t.Errorf("head %+v", v.Head)
	}
}

// TestFalseProofs: one thing is wrong, and one check says so.
func TestFalseProofs(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.put(anchorOf(1))
	w.put(anchorOf(2))
	key := anchorOf(1).Key()
	earlier := w.prove(key)
	w.put(anchorOf(3))
	for name, c := range map[string]struct {
		alter func(*ledger.Proof)
		want  error
	}{
		"false absence":      {func(p *ledger.Proof) { p.Entries[0].Value = nil }, ledger.ErrNotIncluded},
		"false value":        {func(p *ledger.Proof) { p.Entries[0].Value = anchorOf(2).Bytes() }, ledger.ErrNotIncluded},
		"another's proof":    {func(p *ledger.Proof) { p.Entries[0].Proof = w.mapProof(anchorOf(2).Key()) }, ledger.ErrNotIncluded},
		"earlier state leaf": {func(p *ledger.Proof) { p.StateLeaf = earlier.StateLeaf }, ledger.ErrNotIncluded},
		"earlier inclusion":  {func(p *ledger.Proof) { p.Inclusion = earlier.Inclusion }, ledger.ErrNotIncluded},
		"operation as leaf":  {func(p *ledger.Proof) { p.StateLeaf = []byte("second") }, ledger.ErrNotIncluded},
		"earlier map proof":  {func(p *ledger.Proof) { p.Entries[0].Proof = earlier.Entries[0].Proof }, ledger.ErrNotIncluded},
		"empty map proof":    {func(p *ledger.Proof) { p.Entries[0].Proof = nil }, ledger.ErrFormat},
		"trailing sibling":   {func(p *ledger.Proof) { p.Entries[0].Proof = append(p.Entries[0].Proof, make([]byte, 32)...) }, ledger.ErrFormat},
		"empty sibling": {func(p *ledger.Proof) {
			p.Entries[0].Proof = append(p.Entries[0].Proof, make([]byte, 32)...)
			p.Entries[0].Proof[31] |= 1
		}, ledger.ErrFormat},
		"entry twice":        {func(p *ledger.Proof) { p.Entries = append(p.Entries, p.Entries[0]) }, ledger.ErrFormat},
		"key with a space":   {func(p *ledger.Proof) { p.Entries[0].Key = "a b" }, ledger.ErrKey},
		"too many entries":   {func(p *ledger.Proof) { p.Entries = make([]ledger.Entry, 5000) }, ledger.ErrTooLarge},
		"too long inclusion": {func(p *ledger.Proof) { p.Inclusion = make([]tlog.Hash, 64) }, ledger.ErrTooLarge},
		"huge checkpoint":    {func(p *ledger.Proof) { p.Checkpoint = make([]byte, 1<<20) }, ledger.ErrTooLarge},
		"no checkpoint":      {func(p *ledger.Proof) { p.Checkpoint = nil }, ledger.ErrFormat},
		"root changed":       {func(p *ledger.Proof) { p.Checkpoint = bytes.Replace(p.Checkpoint, []byte("\n4\n"), []byte("\n3\n"), 1) }, ledger.ErrSignature},
		"forged cosignature": {func(p *ledger.Proof) { p.Checkpoint = forge(t, p.Checkpoint) }, ledger.ErrSignature},
		"no cosignature":     {func(p *ledger.Proof) { p.Checkpoint = w.sign(text(p.Checkpoint), 0) }, ledger.ErrNotWitnessed},
		"another log's name": {func(p *ledger.Proof) { p.Checkpoint = w.sign("x"+text(p.Checkpoint), 1) }, ledger.ErrOrigin},
		"extension line":     {func(p *ledger.Proof) { p.Checkpoint = w.sign(text(p.Checkpoint)+"more\n", 1) }, ledger.ErrFormat},
		"size with zero": {func(p *ledger.Proof) {
			p.Checkpoint = w.sign(strings.Replace(text(p.Checkpoint), "\n4\n", "\n04\n", 1), 1)
		}, ledger.ErrFormat},
		"size zero":         {func(p *ledger.Proof) { p.Checkpoint = w.sign(ledger.FormatCheckpoint(origin, 0, tlog.Hash{}), 1) }, ledger.ErrFormat},
		"size beyond int64": {func(p *ledger.Proof) { p.Checkpoint = w.sign(ledger.FormatCheckpoint(origin, 1<<63, tlog.Hash{}), 1) }, ledger.ErrFormat},
		"lax base64":        {func(p *ledger.Proof) { p.Checkpoint = lax(p.Checkpoint) }, ledger.ErrFormat},
		"witness without log": {func(p *ledger.Proof) {
			p.Checkpoint = must(note.Sign(&note.Note{Text: text(p.Checkpoint)}, w.witnesses[0]))(t)
		}, ledger.ErrSignature},
		"signed by nobody": {func(p *ledger.Proof) { p.Checkpoint = newWorld(t, 1, 1).sign(text(p.Checkpoint), 1) }, ledger.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			w.leaves = w.leaves[:3]
			p := w.prove(key)
			must(w.verify(p))(t)
			c.alter(p)
			if v, err := w.verify(p); !is(err, c.want) || v != nil {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := w.verify(nil); !is(err, ledger.ErrFormat) {
		t.Error("no proof:", err)
	}
	if _, err := ledger.Verify(nil, earlier, ledger.VerifyOptions{Now: start}); !is(err, ledger.ErrSignature) {
		t.Error("no trust:", err)
	}
	if _, err := ledger.Verify(&ledger.TrustFile{}, earlier, ledger.VerifyOptions{Now: start}); !is(err, ledger.ErrSignature) {
		t.Error("zero trust:", err)
	}
}

// text is what is signed.
func text(signed []byte) string {
	return string(signed[:bytes.LastIndex(signed, []byte("\n\n"))+1])
}

// forge changes one character in the middle of the last signature.
func forge(t *testing.T, signed []byte) []byte {
	out := bytes.Clone(signed)
	at := len(out) - 20
	if out[at] = 'A'; signed[at] == 'A' {
		out[at] = 'B'
	}
	return out
}

// lax sets unused bits at the end of the last signature: 76 bytes, so two
// characters of padding are preceded by one with four free bits.
func lax(signed []byte) []byte {
	out := bytes.Clone(signed)
	at := len(out) - 4
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	out[at] = digits[strings.IndexByte(digits, out[at])+1]
	return out
}

// TestWitnesses counts to k, and no witness twice.
func TestWitnesses(t *testing.T) {
	w := newWorld(t, 2, 3)
	p := w.prove()
	plain := text(p.Checkpoint)
	for n, want := range []error{ledger.ErrNotWitnessed, ledger.ErrNotWitnessed, nil, nil} {
		p.Checkpoint = w.sign(plain, n)
		if _, err := w.verify(p); !is(err, want) {
			t.Errorf("%d of 2: %v", n, err)
		}
	}
	stranger := must(ledger.NewCosigner("witness.example/z", ed25519Key(t), nil))(t)
	p.Checkpoint = must(note.Sign(&note.Note{Text: plain}, w.log, w.witnesses[0], stranger))(t)
	if _, err := w.verify(p); !is(err, ledger.ErrNotWitnessed) {
		t.Error("a stranger counted:", err)
	}
	once := w.sign(plain, 1)
	line := once[bytes.LastIndex(once[:len(once)-1], []byte("\n"))+1:]
	p.Checkpoint = append(once, line...)
	if _, err := w.verify(p); !is(err, ledger.ErrNotWitnessed) {
		t.Error("one witness counted twice:", err)
	}
}

func TestFreshness(t *testing.T) {
	w := newWorld(t, 2, 3)
	at := func(seconds ...int) *ledger.Proof {
		w.now = start
		p := w.prove()
		n := &note.Note{Text: text(p.Checkpoint)}
		for i, s := range seconds {
			w.now = start.Add(time.Duration(s) * time.Second)
			p.Checkpoint = must(note.Sign(n, w.log, w.witnesses[i]))(t)
			opened := must(note.Open(p.Checkpoint, verifiers(t, w)))(t)
			n.Sigs = opened.Sigs
		}
		w.now = start
		return p
	}
	for name, c := range map[string]struct {
		times  []int
		maxAge time.Duration
		want   error
		asOf   int
	}{
		"second newest counts":    {[]int{0, -50, -10}, time.Minute, nil, -10},
		"exactly as old":          {[]int{-60, -60}, time.Minute, nil, -60},
		"too old by a second":     {[]int{0, -61}, time.Minute, ledger.ErrStale, -61},
		"default age":             {[]int{0, -24 * 3600}, 0, nil, -24 * 3600},
		"beyond default age":      {[]int{0, -24*3600 - 1}, 0, ledger.ErrStale, -24*3600 - 1},
		"clocks differ":           {[]int{60, 60}, time.Minute, nil, 60},
		"from the future":         {[]int{61, 0}, time.Minute, ledger.ErrClock, 0},
		"one wrong clock of many": {[]int{9999, 0, -1}, time.Minute, nil, -1},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := ledger.Verify(w.trust, at(c.times...), ledger.VerifyOptions{Now: start, MaxAge: c.maxAge})
			if !is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			want := start.Add(time.Duration(c.asOf) * time.Second)
			var stale *ledger.StaleError
			if errors.As(err, &stale) && !stale.AsOf.Equal(want) {
				t.Errorf("stale as of %v", stale.AsOf)
			}
			if err == nil && !v.Head.Time.Equal(want) {
				t.Errorf("fresh as of %v", v.Head.Time)
			}
		})
	}
}

func verifiers(t *testing.T, w *world) note.Verifiers {
	return note.VerifierList(
		must(note.NewVerifier(w.log.VerifierKey()))(t),
		cosignature(t, w.witnesses[0]), cosignature(t, w.witnesses[1]), cosignature(t, w.witnesses[2]))
}

// TestLedgerClock: witnesses agree with the reader, the log's own time does not.
func TestLedgerClock(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.now = start.Add(time.Hour)
	p := w.prove()
	w.now = start
	p.Checkpoint = w.sign(text(p.Checkpoint), 1)
	if _, err := w.verify(p); !is(err, ledger.ErrClock) {
		t.Fatal(err)
	}
}

func TestConsistency(t *testing.T) {
	w := newWorld(t, 1, 1)
	older := must(w.verify(w.prove()))(t).Head
	newer := must(w.verify(w.prove()))(t).Head
	proof := must(tlog.ProveTree(4, 3, hashes(t, w.leaves)))(t)
	fork := newWorld(t, 1, 1)
	fork.log, fork.witnesses, fork.trust = w.log, w.witnesses, w.trust
	fork.leaves[0] = []byte("another first")
	w.now, fork.now = start, start
	forked3, forked4 := must(w.verify(fork.prove()))(t).Head, must(w.verify(fork.prove()))(t).Head
	other := *newer
	other.Origin = "elsewhere.example"
	for name, c := range map[string]struct {
		older, newer *ledger.Head
		proof        []tlog.Hash
		want         error
	}{
		"first sight":  {nil, newer, nil, nil},
		"extended":     {older, newer, proof, nil},
		"the same":     {newer, newer, nil, nil},
		"rollback":     {newer, older, nil, ledger.ErrInconsistent},
		"fork":         {older, forked3, nil, ledger.ErrInconsistent},
		"forked since": {older, forked4, proof, ledger.ErrInconsistent},
		"no proof":     {older, newer, nil, ledger.ErrInconsistent},
		"another log":  {older, &other, proof, ledger.ErrOrigin},
	} {
		t.Run(name, func(t *testing.T) {
			err := ledger.CheckConsistency(c.older, c.newer, c.proof)
			if !is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			var evidence *ledger.InconsistentError
			if errors.As(err, &evidence) {
				must(ledger.OpenCheckpoint(w.trust, evidence.Older.Checkpoint))(t)
				must(ledger.OpenCheckpoint(w.trust, evidence.Newer.Checkpoint))(t)
			}
		})
	}
}
