package formats_test

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"

	"github.com/hufu-id/hufu/zkp"
)

// recordedAnswer is what a prover made once for a fixed request: proofs are
// random, so the vectors take these.
type recordedAnswer struct {
	PrepareKey   []byte          `json:"prepare_key"`
	ShowKey      []byte          `json:"show_key"`
	Epoch        recordedEpoch   `json:"epoch"`
	Request      recordedRequest `json:"request"`
	Presentation []byte          `json:"presentation"`
}

type recordedEpoch struct {
	Number               uint64
	Day                  zkp.Day
	Registry, Revocation []byte
}

type recordedRequest struct {
	zkp.Request
	Query     []byte
	Questions []struct {
		Schema     []byte
		Statements []struct {
			Predicates []struct {
				Op        zkp.Op
				Slot      uint8
				Value     []byte
				Low, High uint64
			}
			Table uint16
		}
	}
}

type recordedUses struct {
	Keys      map[string][]byte `json:"keys"`
	Epoch     recordedEpoch     `json:"epoch"`
	Owner     string            `json:"owner"`
	Event     string            `json:"event"`
	Payload   []byte            `json:"payload"`
	Use       []byte            `json:"use"`
	Nullifier []byte            `json:"nullifier"`
}

func readRecorded(t testing.TB, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "zkp", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

func recordedUse(t testing.TB) (r recordedUses) {
	t.Helper()
	readRecorded(t, "use.json", &r)
	return r
}

func element(t testing.TB, b []byte) zkp.Element {
	t.Helper()
	return must[zkp.Element](t)(zkp.ParseElement(b))
}

func (r recordedEpoch) epoch(t testing.TB) zkp.Epoch {
	t.Helper()
	return zkp.Epoch{Number: r.Number, Day: r.Day, Registry: element(t, r.Registry), Revocation: element(t, r.Revocation)}
}

func (r recordedRequest) request(t testing.TB) *zkp.Request {
	t.Helper()
	out := r.Request
	out.Query = [32]byte(r.Query)
	for _, q := range r.Questions {
		question := zkp.Question{Schema: element(t, q.Schema)}
		for _, s := range q.Statements {
			statement := zkp.Statement{Table: s.Table}
			for i, p := range s.Predicates {
				statement.Predicates[i] = zkp.Predicate{Op: p.Op, Slot: p.Slot, Value: element(t, p.Value), Low: p.Low, High: p.High}
			}
			question.Statements = append(question.Statements, statement)
		}
		out.Questions = append(out.Questions, question)
	}
	return &out
}

// proofKey is an issuer's proof key.
func proofKey(t testing.TB, name string) *zkp.PrivateKey {
	t.Helper()
	return must[*zkp.PrivateKey](t)(zkp.NewPrivateKey(seed(name)))
}

func join(elements ...zkp.Element) (out []byte) {
	for _, e := range elements {
		b := e.Bytes()
		out = append(out, b[:]...)
	}
	return out
}

// computed is a door for a value that is computed from an input.
func computed(compute func(input []byte) (any, error)) door {
	return func(input []byte) (any, []byte, error) {
		v, err := compute(input)
		return v, input, err
	}
}

func zkPrimitives(t testing.TB) page {
	secret := seed("holder secret")
	key := proofKey(t, "issuer").ProofKey().Bytes()
	return page{
		name:  "zk-primitives",
		doors: primitiveDoors(),
		vectors: []example{
			{"width 4", "compress", zeros(4)}, {"width 8", "compress", zeros(8)},
			{"width 12", "compress", zeros(12)}, {"width 16", "compress", zeros(16)},
			{"width 4, of 1 and 2, padded", "compress", join(number(1), number(2), number(0), number(0))},
			{"the largest element", "element", join(largest())},
			{"a schema and its version", "schema element", []byte("cn.resident 1")},
			{"Dongcheng, Beijing", "region element", []byte("110101")},
			{"a name", "text attribute", []byte("张三")},
			{"a date", "date attribute", []byte("1990-05-17")},
			{"an integer", "integer attribute", []byte("0")},
			{"a truth value", "boolean attribute", []byte("true")},
			{"sixteen attributes, two of them present", "attribute hash", slices.Concat(join(text(t, "张三"), zkp.EncodeDate(33008)), zeros(14))},
			{"an issuance scope", "scope", []byte("issuance did:hufu:office cn.resident")},
			{"in that scope", "pseudonym", slices.Concat(secret[:31], join(scope(t, zkp.ScopeIssuance)))},
			{"a blinded commitment", "commitment", slices.Concat(secret[:31], join(number(5), number(7)))},
			{"a proof key", "proof key", key},
			{"of that key and 16 random bytes", "revocation handle", slices.Concat(key, make([]byte, 16))},
			{"that key, that schema, that region, days 46081 to 46445", "registry leaf", registryEntry(key)},
			{"three leaves: 1, 2 and 3", "registry root", join(number(1), number(2), number(3))},
			{"nothing is revoked", "revocation root", nil},
			{"two handles of the first bucket and one of the last", "revocation root", revokedHandles()},
			{"3, 5 and 7", "set root", join(number(3), number(5), number(7))},
		},
		refused: []refusal{
			{"the order of the field, a second spelling of zero", "element", fr.Modulus().Bytes(), zkp.ErrForm},
			{"31 bytes", "element", make([]byte, 31), zkp.ErrForm},
			{"the neutral element", "proof key", append([]byte{1}, make([]byte, 31)...), zkp.ErrProofKey},
			{"the point (0, −1), of order two", "proof key", minusOne(), zkp.ErrProofKey},
			{"y off the curve", "proof key", offCurve(t), zkp.ErrProofKey},
			{"a date that does not exist", "date attribute", []byte("2026-02-29"), zkp.ErrValue},
			{"a negative integer", "integer attribute", []byte("-1"), zkp.ErrValue},
			{"handles out of order", "revocation root", slices.Concat(revokedHandles()[16:32], revokedHandles()[:16]), zkp.ErrForm},
			{"an absent attribute in a set", "set root", zeros(1), zkp.ErrStatement},
		},
	}
}

func number(n uint64) (e zkp.Element) { e.SetUint64(n); return e }

func largest() (e zkp.Element) {
	one := number(1)
	e.Neg(&one)
	return e
}

func zeros(n int) []byte { return make([]byte, 32*n) }

func text(t testing.TB, s string) zkp.Element {
	t.Helper()
	return must[zkp.Element](t)(zkp.EncodeString(s))
}

func scope(t testing.TB, kind zkp.ScopeKind) zkp.Element {
	t.Helper()
	return must[zkp.Element](t)(zkp.Scope{Kind: kind, Owner: "did:hufu:office", ID: "cn.resident"}.Element())
}

// registryEntry is key ‖ from u32 ‖ until u32; schema and region are fixed.
func registryEntry(key []byte) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(append([]byte{}, key...), 46081), 46445)
}

func revokedHandles() []byte {
	var a, b, c [zkp.HandleSize]byte
	a[zkp.HandleSize-1], b[1], c[0], c[1] = 1, 0x7f, 0xff, 0x80
	return slices.Concat(a[:], b[:], c[:])
}

// minusOne is (0, −1): little-endian y, sign 0.
func minusOne() []byte {
	b := join(largest())
	slices.Reverse(b)
	return b
}

// offCurve finds the least y for which x² has no root.
func offCurve(t testing.TB) []byte {
	t.Helper()
	for y := byte(2); ; y++ {
		b := append([]byte{y}, make([]byte, 31)...)
		var p twistededwards.PointAffine
		if _, err := p.SetBytes(b); err != nil {
			t.Fatal(err)
		}
		if !p.IsOnCurve() {
			return b
		}
	}
}

func elements(b []byte) (out []zkp.Element, err error) {
	for ; len(b) >= 32; b = b[32:] {
		e, err := zkp.ParseElement(b[:32])
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func primitiveDoors() map[string]door {
	one := func(compute func(input []byte) (zkp.Element, error)) door {
		return computed(func(input []byte) (any, error) {
			e, err := compute(input)
			return fields{"element": e}, err
		})
	}
	return map[string]door{
		"element": one(zkp.ParseElement),
		"compress": one(func(b []byte) (zkp.Element, error) {
			in, err := elements(b)
			return zkp.Compress(len(in), in...), err
		}),
		"schema element": one(func(b []byte) (zkp.Element, error) {
			id, version, _ := strings.Cut(string(b), " ")
			n, err := strconv.ParseUint(version, 10, 32)
			return zkp.SchemaElement(id, uint32(n)), err
		}),
		"region element": one(func(b []byte) (zkp.Element, error) { return zkp.RegionElement(string(b)), nil }),
		"text attribute": one(func(b []byte) (zkp.Element, error) { return zkp.EncodeString(string(b)) }),
		"date attribute": one(func(b []byte) (zkp.Element, error) {
			day, err := zkp.ParseDay(string(b))
			return zkp.EncodeDate(day), err
		}),
		"integer attribute": one(func(b []byte) (zkp.Element, error) {
			n, err := strconv.ParseInt(string(b), 10, 64)
			if err != nil {
				return zkp.Element{}, err
			}
			return zkp.EncodeInteger(n)
		}),
		"boolean attribute": one(func(b []byte) (zkp.Element, error) { return zkp.EncodeBool(string(b) == "true"), nil }),
		"attribute hash": one(func(b []byte) (zkp.Element, error) {
			in, err := elements(b)
			attributes := zkp.Attributes(in)
			return attributes.Hash(), err
		}),
		"scope": one(func(b []byte) (zkp.Element, error) {
			part := strings.Fields(string(b))
			return zkp.Scope{Kind: zkp.ScopeKind(part[0]), Owner: part[1], ID: part[2]}.Element()
		}),
		"pseudonym": one(func(b []byte) (zkp.Element, error) {
			in, err := elements(b[31:])
			return zkp.Secret(b[:31]).Pseudonym(in[0]), err
		}),
		"commitment": one(func(b []byte) (zkp.Element, error) {
			in, err := elements(b[31:])
			return zkp.Compress(4, zkp.Domains()["commitment"], in[0], zkp.Secret(b[:31]).Element(), in[1]), err
		}),
		"proof key": func(b []byte) (any, []byte, error) {
			k, err := zkp.ParsePublicKey(b)
			if err != nil {
				return nil, nil, err
			}
			x, y := k.Coordinates()
			return fields{"x": x, "y": y}, k.Bytes(), nil
		},
		"revocation handle": computed(func(b []byte) (any, error) {
			k, err := zkp.ParsePublicKey(b[:32])
			if err != nil {
				return nil, err
			}
			return fields{"handle": zkp.NewHandle(k, [16]byte(b[32:]))}, nil
		}),
		"registry leaf": one(func(b []byte) (zkp.Element, error) {
			k, err := zkp.ParsePublicKey(b[:32])
			from, until := binary.BigEndian.Uint32(b[32:]), binary.BigEndian.Uint32(b[36:])
			return zkp.RegistryEntry{Key: k, Schema: zkp.SchemaElement("cn.resident", 1), Region: "110101", From: zkp.Day(from), Until: zkp.Day(until)}.Leaf(), err
		}),
		"registry root": one(func(b []byte) (zkp.Element, error) {
			r, err := zkp.NewRegistry(cut[[32]byte](b, 32))
			if err != nil {
				return zkp.Element{}, err
			}
			return r.Root(), nil
		}),
		"revocation root": one(func(b []byte) (zkp.Element, error) {
			r, err := zkp.NewRevocation(cut[[zkp.HandleSize]byte](b, zkp.HandleSize))
			if err != nil {
				return zkp.Element{}, err
			}
			return r.Root(), nil
		}),
		"set root": one(func(b []byte) (zkp.Element, error) {
			in, err := elements(b)
			if err != nil {
				return zkp.Element{}, err
			}
			s, err := zkp.NewSet(in...)
			if err != nil {
				return zkp.Element{}, err
			}
			return s.Root(), nil
		}),
	}
}

// cut divides bytes into pieces of one size.
func cut[T [zkp.HandleSize]byte | [32]byte](b []byte, size int) (out []T) {
	for ; len(b) > 0; b = b[size:] {
		var piece T
		for i := range size {
			piece[i] = b[i]
		}
		out = append(out, piece)
	}
	return out
}
