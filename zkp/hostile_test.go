package zkp_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/zkp"
)

var updateHostile = flag.Bool("update-hostile", false, "make testdata/hostile.json again")

// hostile is one input that must be refused, for this implementation and for
// others: what it is, its bytes, and which error says so. Presentations answer
// the request of presentation.json.
type hostile struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`  // presentation, endorsement, public key
	Bytes string `json:"bytes"` // hex
	Error string `json:"error"` // form, proof key, epoch, prepare, show
}

var hostileErrors = map[string]error{
	"form": zkp.ErrForm, "proof key": zkp.ErrProofKey, "epoch": zkp.ErrEpoch, "prepare": zkp.ErrPrepare, "show": zkp.ErrShow,
}

func readHostile(t testing.TB) (out []hostile) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "hostile.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (h hostile) raw(t testing.TB) []byte {
	t.Helper()
	b, err := hex.DecodeString(h.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Everything in the corpus is refused, for the reason that it names.
func TestHostileCorpus(t *testing.T) {
	if *updateHostile {
		b, err := json.Marshal(makeHostile(t), jsontext.WithIndent("  "))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("testdata", "hostile.json"), append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := readRecorded(t)
	keys := r.keys(t)
	kinds := map[string]func([]byte) error{
		"presentation": func(b []byte) error {
			p, err := zkp.ParsePresentation(b)
			if err == nil {
				_, err = zkp.Verify(keys, r.Epoch, r.Request, p)
			}
			return err
		},
		"endorsement": func(b []byte) error {
			_, err := zkp.ParseEndorsement(base64.RawURLEncoding.EncodeToString(b))
			return err
		},
		"public key": func(b []byte) error {
			_, err := zkp.ParsePublicKey(b)
			return err
		},
	}
	corpus := readHostile(t)
	if len(corpus) < 60 {
		t.Errorf("only %d inputs", len(corpus))
	}
	for _, h := range corpus {
		want, known := hostileErrors[h.Error]
		if judge := kinds[h.Kind]; judge == nil || !known {
			t.Errorf("%s: kind %q, error %q", h.Name, h.Kind, h.Error)
		} else if err := judge(h.raw(t)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", h.Name, err, want)
		}
	}
}

// makeHostile bends the recorded answer, endorsement and key in every way of the
// corpus.
func makeHostile(t *testing.T) (out []hostile) {
	r := readRecorded(t)
	endorsement, err := base64.RawURLEncoding.DecodeString(r.Endorsement)
	if err != nil {
		t.Fatal(err)
	}
	add := func(kind, name, reason string, b []byte) {
		out = append(out, hostile{name, kind, hex.EncodeToString(b), reason})
	}
	bend := func(kind string, base []byte) func(name, reason string, change func(b []byte) []byte) {
		return func(name, reason string, change func(b []byte) []byte) {
			add(kind, name, reason, change(slices.Clone(base)))
		}
	}
	hostilePresentations(t, r, bend("presentation", r.Presentation))
	hostileEndorsements(bend("endorsement", endorsement))
	keys := hostileKeys()
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		add("public key", name, "proof key", keys[name])
	}
	return out
}

// Where the parts of a presentation of one show lie.
const (
	atVersion, atSuite, atEpoch, atCom, atName = 0, 1, 2, 10, 42
	atPrepare                                  = 74
	atShow                                     = atPrepare + zkp.ProofSize
)

func hostilePresentations(t *testing.T, r recorded, bend func(string, string, func([]byte) []byte)) {
	at := func(name, reason string, change func(b []byte)) {
		bend(name, reason, func(b []byte) []byte { change(b); return b })
	}
	bend("nothing", "form", func([]byte) []byte { return nil })
	for _, n := range []int{1, atName, atPrepare, atShow, len(r.Presentation) - 1} {
		bend(fmt.Sprintf("the first %d bytes alone", n), "form", func(b []byte) []byte { return b[:n] })
	}
	bend("a byte more", "form", func(b []byte) []byte { return append(b, 0) })
	bend("a show that nobody asked for", "form", func(b []byte) []byte { return append(b, b[atShow:]...) })
	bend("five shows", "form", func(b []byte) []byte {
		for range 4 {
			b = append(b, b[atShow:atShow+zkp.ProofSize]...)
		}
		return b
	})
	at("version 0", "form", func(b []byte) { b[atVersion] = 0 })
	at("version 2", "form", func(b []byte) { b[atVersion] = 2 })
	at("suite 1", "form", func(b []byte) { b[atSuite] = 1 })
	at("the epoch before", "epoch", func(b []byte) { b[atEpoch+7]-- })
	at("an epoch of 2^63", "epoch", func(b []byte) { b[atEpoch] = 0x80 })
	for _, input := range []struct {
		name  string
		where int
	}{{"commitment", atCom}, {"pseudonym", atName}} {
		where := input.where
		at(input.name+" + r", "form", func(b []byte) {
			v := new(big.Int).SetBytes(b[where : where+32])
			v.Add(v, fr.Modulus()).FillBytes(b[where : where+32])
		})
		at(input.name+" of 2p", "form", func(b []byte) { copy(b[where:where+32], beyondR()) })
	}
	at("a bit of the commitment", "prepare", func(b []byte) { b[atCom+31] ^= 1 })
	at("a bit of the pseudonym", "show", func(b []byte) { b[atName+31] ^= 1 })
	at("no commitment", "prepare", func(b []byte) { clear(b[atCom : atCom+32]) })
	at("no pseudonym", "show", func(b []byte) { clear(b[atName : atName+32]) })
	at("the proofs change places", "prepare", func(b []byte) {
		prepare := slices.Clone(b[atPrepare:atShow])
		copy(b[atPrepare:], b[atShow:])
		copy(b[atShow:], prepare)
	})
	at("the prepare proof, re-randomised", "show", func(b []byte) { rerandomiseAt(t, b[atPrepare:atShow]) })
	for i, proof := range []struct {
		name   string
		where  int
		reason string
	}{{"prepare", atPrepare, "prepare"}, {"show", atShow, "show"}} {
		hostilePoints(t, proof.name, proof.where, proof.reason, at)
		other := []int{atShow, atPrepare}[i]
		at(proof.name+": C of the other proof", proof.reason, func(b []byte) { copy(b[proof.where+96:], b[other+96:other+128]) })
		at(proof.name+": another's proof of another request", proof.reason, func(b []byte) {
			joined := r.joined(t)[1]
			copy(b[proof.where:], slices.Concat(joined.Prepare.Bytes(), joined.Shows[0].Bytes())[i*zkp.ProofSize:(i+1)*zkp.ProofSize])
		})
	}
}

// hostilePoints bends the points of one proof.
func hostilePoints(t *testing.T, proof string, where int, reason string, at func(string, string, func([]byte))) {
	_, _, g1, g2 := bn254.Generators()
	one, two, outside := g1.Bytes(), g2.Bytes(), outsideG2(t)
	for _, p := range []struct {
		name    string
		from, n int
	}{{"A", 0, 32}, {"B", 32, 64}, {"C", 96, 32}} {
		point := func(b []byte) []byte { return b[where+p.from:][:p.n] }
		label := proof + ": " + p.name + " "
		at(label+"at infinity", "form", func(b []byte) { clear(point(b)); point(b)[0] = 0x40 })
		at(label+"of zeros", "form", func(b []byte) { clear(point(b)) })
		at(label+"not marked as compressed", "form", func(b []byte) { point(b)[0] &= 0x3f })
		at(label+"with a coordinate above p", "form", func(b []byte) {
			point(b)[0] |= 0x3f
			for i := range 31 {
				point(b)[1+i] = 0xff
			}
		})
		at(label+"negated", reason, func(b []byte) { point(b)[0] ^= 0x40 })
		at(label+"is the generator", reason, func(b []byte) {
			if p.n == 64 {
				copy(point(b), two[:])
			} else {
				copy(point(b), one[:])
			}
		})
	}
	at(proof+": A off the curve", "form", func(b []byte) { offG1(b[where : where+32]) })
	at(proof+": A + p", "form", func(b []byte) { copy(b[where:], beyondModulus()) })
	at(proof+": B outside the subgroup", "form", func(b []byte) { copy(b[where+32:], outside) })
}

func hostileEndorsements(bend func(string, string, func([]byte) []byte)) {
	put := func(name, reason string, at int, v []byte) {
		bend(name, reason, func(b []byte) []byte { copy(b[at:], v); return b })
	}
	put("version 2", "form", 0, []byte{2})
	put("suite 1, which signed no issuance scope", "form", 1, []byte{1})
	put("S is the order", "form", 34, edwards.Order.FillBytes(make([]byte, 32)))
	bend("S + order", "form", func(b []byte) []byte {
		s := new(big.Int).SetBytes(b[34:66])
		s.Add(s, &edwards.Order).FillBytes(b[34:66])
		return b
	})
	put("R off the curve", "proof key", 2, offEdwards())
	put("A off the curve", "proof key", 66, offEdwards())
	put("A neutral", "proof key", 66, littleEndian(big.NewInt(1)))
	put("region of seven digits", "form", 114, []byte{0, 0x0f, 0x42, 0x40})
	put("ends before it begins", "form", 118, []byte{0, 0, 0, 2, 0, 0, 0, 1})
	put("valid for 2^16 days", "form", 118, []byte{0, 0, 0, 1, 0, 1, 0, 1})
	put("ends after 20 bits of days", "form", 118, []byte{0, 0x0f, 0xff, 0xff, 0, 0x10, 0, 0})
	put("a scope without an owner", "form", 126, []byte{0, 0})
	put("a scope of another length", "form", 126, []byte{0, 1})
	bend("no scope", "form", func(b []byte) []byte { return b[:126] })
	bend("a scope of two empty texts", "form", func(b []byte) []byte { return append(b[:126], 0, 0, 0, 0) })
	bend("a scope of 513 bytes", "form", func(b []byte) []byte {
		return append(append(append(b[:126], 2, 1), make([]byte, 513)...), 0, 1, 'x')
	})
	bend("a byte short", "form", func(b []byte) []byte { return b[:len(b)-1] })
	bend("a byte more", "form", func(b []byte) []byte { return append(b, 0) })
}

func hostileKeys() map[string][]byte {
	var order2, order4, mixed twistededwards.PointAffine
	order2.Y.SetOne()
	order2.Y.Neg(&order2.Y)
	order4.X.Sqrt(&edwards.A)
	order4.X.Inverse(&order4.X)
	mixed.Add(&edwards.Base, &order2)
	encode := func(p twistededwards.PointAffine) []byte { b := p.Bytes(); return b[:] }
	return map[string][]byte{
		"neutral": littleEndian(big.NewInt(1)), "of order 2": encode(order2), "of order 4": encode(order4),
		"the base and a point of order 2": encode(mixed), "off the curve": offEdwards(), "y is r": littleEndian(fr.Modulus()),
		"a byte short": make([]byte, 31), "a byte more": make([]byte, 33), "of zeros": make([]byte, 32),
	}
}

// beyondR is above r and in 32 bytes.
func beyondR() []byte { return new(big.Int).Lsh(fp.Modulus(), 1).FillBytes(make([]byte, 32)) }

func rerandomiseAt(t *testing.T, b []byte) {
	t.Helper()
	p, err := zkp.ParseProof(b)
	if err != nil {
		t.Fatal(err)
	}
	rerandomise(p)
	copy(b, p.Bytes())
}
