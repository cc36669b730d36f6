package zkp_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"

	"github.com/hufu-id/hufu/zkp"
)

// door is one parser of bytes from outside.
type door struct {
	valid []byte
	parse func([]byte) ([]byte, error) // and back again
	err   error
}

func doors(t testing.TB) map[string]door {
	r := readRecorded(t)
	endorsement, err := base64.RawURLEncoding.DecodeString(r.Endorsement)
	if err != nil {
		t.Fatal(err)
	}
	p := r.parse(t)
	element := p.Commitment.Bytes()
	return map[string]door{
		"proof": {p.Shows[0].Bytes(), func(b []byte) ([]byte, error) {
			p, err := zkp.ParseProof(b)
			if err != nil {
				return nil, err
			}
			return p.Bytes(), nil
		}, zkp.ErrForm},
		"presentation": {r.Presentation, func(b []byte) ([]byte, error) {
			p, err := zkp.ParsePresentation(b)
			if err != nil {
				return nil, err
			}
			return p.Bytes(), nil
		}, zkp.ErrForm},
		"use": {readUse(t).Use, func(b []byte) ([]byte, error) {
			u, err := zkp.ParseUse(b)
			if err != nil {
				return nil, err
			}
			return u.Bytes(), nil
		}, zkp.ErrForm},
		"prepared": {r.Prepared, func(b []byte) ([]byte, error) {
			p, err := zkp.ParsePrepared(b)
			if err != nil {
				return nil, err
			}
			return p.Bytes(), nil
		}, zkp.ErrForm},
		"endorsement": {endorsement, func(b []byte) ([]byte, error) {
			h, err := zkp.ParseEndorsement(base64.RawURLEncoding.EncodeToString(b))
			if err != nil {
				return nil, err
			}
			return base64.RawURLEncoding.DecodeString(h.String())
		}, nil}, // ErrForm or ErrProofKey
		"public key": {newKey(t, "issuer").ProofKey().Bytes(), func(b []byte) ([]byte, error) {
			k, err := zkp.ParsePublicKey(b)
			return k.Bytes(), err
		}, zkp.ErrProofKey},
		"element": {element[:], func(b []byte) ([]byte, error) {
			e, err := zkp.ParseElement(b)
			out := e.Bytes()
			return out[:], err
		}, zkp.ErrForm},
		"verifying key": {r.ShowKey, func(b []byte) ([]byte, error) {
			k, err := zkp.ParseVerifyingKey(b, sha256.Sum256(b), development)
			if err != nil {
				return nil, err
			}
			return k.Bytes(), nil
		}, zkp.ErrVerifyingKey},
	}
}

func (d door) refuses(t *testing.T, what string, b []byte) {
	t.Helper()
	_, err := d.parse(b)
	if err == nil || d.err != nil && !errors.Is(err, d.err) || d.err == nil && !errors.Is(err, zkp.ErrForm) && !errors.Is(err, zkp.ErrProofKey) {
		t.Errorf("%s: %v", what, err)
	}
}

func TestDoors(t *testing.T) {
	for name, d := range doors(t) {
		t.Run(name, func(t *testing.T) {
			again, err := d.parse(d.valid)
			if err != nil || !bytes.Equal(again, d.valid) {
				t.Fatalf("the valid one: %v", err)
			}
			d.refuses(t, "nothing", nil)
			for n := 0; n < len(d.valid); n += 1 + len(d.valid)/64 {
				d.refuses(t, "truncated", d.valid[:n])
			}
			d.refuses(t, "without its last byte", d.valid[:len(d.valid)-1])
			d.refuses(t, "with a byte more", append(slices.Clone(d.valid), 0))
			d.refuses(t, "twice", slices.Concat(d.valid, d.valid))
			d.refuses(t, "all ones", bytes.Repeat([]byte{0xff}, len(d.valid)))
			// What a flipped bit gives is refused or is spelled as it is read.
			step := 1
			if name == "verifying key" {
				step = 37 // each costs its points' square roots
			}
			for bit := 0; bit < 8*len(d.valid); bit += step {
				b := slices.Clone(d.valid)
				b[bit/8] ^= 1 << (bit % 8)
				if again, err := d.parse(b); err == nil && !bytes.Equal(again, b) {
					t.Fatalf("bit %d: accepted, and written as something else", bit)
				}
			}
		})
	}
}

// Nothing that a stranger writes makes a parser hold much more than it was sent.
func TestDoorsMemory(t *testing.T) {
	for name, d := range doors(t) {
		for _, n := range []int{len(d.valid), 1 << 20} {
			b := bytes.Repeat([]byte{0xff}, n)
			copy(b, d.valid[:min(20, len(d.valid))])
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			d.parse(b) // what it says does not matter here
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
				t.Errorf("%s: %d bytes held %d", name, n, grown)
			}
		}
	}
}

func TestHeadersRefused(t *testing.T) {
	all := doors(t)
	for name, at := range map[string][]int{"presentation": {0, 1}, "prepared": {0, 1}, "endorsement": {0, 1}} {
		for _, i := range at {
			for _, v := range []byte{0, 3, 255, 2 - byte(i)} { // versions other than 1, suites other than 2
				b := slices.Clone(all[name].valid)
				b[i] = v
				all[name].refuses(t, name+" of another version or suite", b)
			}
		}
	}
}

// A proof's points: at infinity, not canonical, off the curve, outside the
// subgroup.
func TestProofPoints(t *testing.T) {
	good := readRecorded(t).parse(t).Shows[0]
	encode := func(change func(a, b, c []byte)) []byte {
		out := good.Bytes()
		change(out[:32], out[32:96], out[96:])
		return out
	}
	infinity := func(b []byte) { clear(b); b[0] = 0b01 << 6 }
	outside := outsideG2(t)
	for name, b := range map[string][]byte{
		"A at infinity":          encode(func(a, _, _ []byte) { infinity(a) }),
		"B at infinity":          encode(func(_, b, _ []byte) { infinity(b) }),
		"C at infinity":          encode(func(_, _, c []byte) { infinity(c) }),
		"A not compressed":       encode(func(a, _, _ []byte) { a[0] &= 0x3f }),
		"B not compressed":       encode(func(_, b, _ []byte) { b[0] &= 0x3f }),
		"A zero":                 encode(func(a, _, _ []byte) { clear(a) }),
		"A with x + p":           encode(func(a, _, _ []byte) { copy(a, beyondModulus()) }),
		"A off the curve":        encode(func(a, _, _ []byte) { offG1(a) }),
		"B outside the subgroup": encode(func(_, b, _ []byte) { copy(b, outside) }),
	} {
		if _, err := zkp.ParseProof(b); !errors.Is(err, zkp.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// beyondModulus spells the generator's x, which is 1, as p + 1.
func beyondModulus() []byte {
	_, _, g, _ := bn254.Generators()
	sign := g.Bytes()
	b := new(big.Int).Add(fp.Modulus(), big.NewInt(1)).FillBytes(make([]byte, 32))
	b[0] |= sign[0] & 0xc0
	return b
}

// offG1 counts x up until no point has it.
func offG1(b []byte) {
	for {
		b[31]++
		var p bn254.G1Affine
		if _, err := p.SetBytes(b); err != nil {
			return
		}
	}
}

// outsideG2 finds a point of the twist that is not of prime order: nearly all
// of them are.
func outsideG2(t *testing.T) []byte {
	t.Helper()
	var b, three bn254.E2
	three.A0.SetUint64(3)
	b.A0.SetUint64(9)
	b.A1.SetUint64(1)
	b.Inverse(&b).Mul(&b, &three) // 3/(9+u)
	for i := uint64(1); ; i++ {
		var p bn254.G2Affine
		p.X.A0.SetUint64(i)
		p.Y.Square(&p.X).Mul(&p.Y, &p.X).Add(&p.Y, &b)
		if p.Y.Legendre() != 1 {
			continue
		}
		p.Y.Sqrt(&p.Y)
		if !p.IsOnCurve() || p.IsInSubGroup() {
			t.Fatal("not the point that was wanted")
		}
		out := p.Bytes()
		return out[:]
	}
}

func TestElementCanonical(t *testing.T) {
	below := new(big.Int).Sub(fr.Modulus(), big.NewInt(1))
	if _, err := zkp.ParseElement(below.FillBytes(make([]byte, 32))); err != nil {
		t.Errorf("r − 1: %v", err)
	}
	for name, v := range map[string]*big.Int{
		"r": fr.Modulus(), "r + 1": new(big.Int).Add(fr.Modulus(), big.NewInt(1)),
		"2^256 − 1": new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)),
	} {
		if _, err := zkp.ParseElement(v.FillBytes(make([]byte, 32))); !errors.Is(err, zkp.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Commitment and pseudonym are public inputs: y + r is y to a verifier that
// reduces, and another string to one that remembers it.
func TestPresentationInputsCanonical(t *testing.T) {
	r := readRecorded(t)
	for name, at := range map[string]int{"commitment": 10, "pseudonym": 42} {
		b := slices.Clone(r.Presentation)
		v := new(big.Int).SetBytes(b[at : at+32])
		v.Add(v, fr.Modulus()).FillBytes(b[at : at+32])
		if _, err := zkp.ParsePresentation(b); !errors.Is(err, zkp.ErrForm) {
			t.Errorf("%s + r: %v", name, err)
		}
	}
	b := slices.Clone(r.Prepared)
	v := new(big.Int).SetBytes(b[10:42])
	v.Add(v, fr.Modulus()).FillBytes(b[10:42])
	if _, err := zkp.ParsePrepared(b); !errors.Is(err, zkp.ErrForm) {
		t.Errorf("blinding + r: %v", err)
	}
}

var edwards = twistededwards.GetEdwardsCurve()

// littleEndian encodes a y as a compressed point does, x's sign aside.
func littleEndian(y *big.Int) []byte {
	b := y.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

func TestPublicKeyPoints(t *testing.T) {
	var order2, order4, mixed twistededwards.PointAffine
	order2.Y.SetOne()
	order2.Y.Neg(&order2.Y) // (0, −1)
	order4.X.Sqrt(&edwards.A)
	order4.X.Inverse(&order4.X) // (1/√a, 0)
	mixed.Add(&edwards.Base, &order2)
	if !order2.IsOnCurve() || !order4.IsOnCurve() || !mixed.IsOnCurve() {
		t.Fatal("a point of the test is not on the curve")
	}
	encode := func(p *twistededwards.PointAffine) []byte { b := p.Bytes(); return b[:] }
	signed := func(b []byte) []byte { b[31] |= 0x80; return b }
	good := newKey(t, "issuer").ProofKey().Bytes()
	canonical := new(big.Int).SetBytes(reversed(good[:31], good[31]&0x7f))
	for name, b := range map[string][]byte{
		"neutral element":               littleEndian(big.NewInt(1)),
		"neutral element, signed":       signed(littleEndian(big.NewInt(1))),
		"order 2":                       encode(&order2),
		"order 2, signed":               signed(encode(&order2)),
		"order 4":                       encode(&order4),
		"a key plus a point of order 2": encode(&mixed),
		"y + r":                         littleEndian(new(big.Int).Add(canonical, fr.Modulus())),
		"y = r":                         littleEndian(fr.Modulus()),
		"no such y":                     offEdwards(),
	} {
		if _, err := zkp.ParsePublicKey(b); !errors.Is(err, zkp.ErrProofKey) {
			t.Errorf("%s: %v", name, err)
		}
		if err := new(zkp.Accumulator).CheckProofKey(b); !errors.Is(err, zkp.ErrProofKey) {
			t.Errorf("%s, for the ledger: %v", name, err)
		}
	}
}

// reversed turns 31 little-endian bytes and their last into big-endian ones.
func reversed(low []byte, last byte) []byte {
	b := append(slices.Clone(low), last)
	slices.Reverse(b)
	return b
}

// offEdwards finds a y for which the curve has no x.
func offEdwards() []byte {
	for y := int64(2); ; y++ {
		var p twistededwards.PointAffine
		b := littleEndian(big.NewInt(y))
		if _, err := p.SetBytes(b); err != nil || !p.IsOnCurve() {
			return b
		}
	}
}

func TestEndorsementFields(t *testing.T) {
	r := readRecorded(t)
	valid, err := base64.RawURLEncoding.DecodeString(r.Endorsement)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		at   int
		put  []byte
		err  error
	}{
		{"S = order", 34, edwards.Order.FillBytes(make([]byte, 32)), zkp.ErrForm},
		{"S + order", 34, new(big.Int).Add(&edwards.Order, new(big.Int).SetBytes(valid[34:66])).FillBytes(make([]byte, 32)), zkp.ErrForm},
		{"R off the curve", 2, offEdwards(), zkp.ErrProofKey},
		{"A neutral", 66, littleEndian(big.NewInt(1)), zkp.ErrProofKey},
		{"A off the curve", 66, offEdwards(), zkp.ErrProofKey},
		{"region of seven digits", 114, []byte{0, 0x0f, 0x42, 0x40}, zkp.ErrForm},
		{"ends before it begins", 118, []byte{0, 0, 0, 2, 0, 0, 0, 1}, zkp.ErrForm},
	} {
		b := slices.Clone(valid)
		copy(b[tc.at:], tc.put)
		_, err := zkp.ParseEndorsement(base64.RawURLEncoding.EncodeToString(b))
		if !errors.Is(err, tc.err) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	for name, s := range map[string]string{
		"padded": r.Endorsement[:len(r.Endorsement)-1] + "=", "with a line break": r.Endorsement[:10] + "\n" + r.Endorsement[11:], "in the other alphabet": strings.Repeat("+", len(r.Endorsement)),
	} {
		if _, err := zkp.ParseEndorsement(s); !errors.Is(err, zkp.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
