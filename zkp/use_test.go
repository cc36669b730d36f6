package zkp_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/zkp"
)

type recordedUse struct {
	Keys      map[string][]byte `json:"keys"`
	Epoch     zkp.Epoch         `json:"epoch"`
	Owner     string            `json:"owner"`
	Event     string            `json:"event"`
	Payload   []byte            `json:"payload"`
	Use       []byte            `json:"use"`
	Nullifier []byte            `json:"nullifier"`

	question `json:"-"`
	ceremony bool // says the ledger
}

// question is what the rule of the event fixes.
type question struct {
	schema    string
	version   uint32
	statement [32]byte
}

// asked makes the rule's question that of a use.
func (r *recordedUse) asked(t testing.TB) {
	t.Helper()
	u, err := zkp.ParseUse(r.Use)
	if err != nil {
		t.Fatal(err)
	}
	r.question = question{u.SchemaID, u.SchemaVersion, u.Statement.Digest()}
}

func readUse(t testing.TB) recordedUse {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "use.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r recordedUse
	if err := json.Unmarshal(b, &r, json.WithUnmarshalers(json.UnmarshalFunc(readElement))); err != nil {
		t.Fatal(err)
	}
	r.asked(t)
	return r
}

func (r *recordedUse) key(circuit string) ([]byte, bool, error) {
	return r.Keys[circuit], r.ceremony, nil
}

func (r *recordedUse) check(a *zkp.Accumulator) ([32]byte, error) {
	registry, revocation := r.Epoch.Registry.Bytes(), r.Epoch.Revocation.Bytes()
	return a.CheckUse(r.Use, r.Owner, r.Event, [32]byte(r.Payload), r.schema, r.version, r.statement, r.Epoch.Number, uint32(r.Epoch.Day), registry, revocation, r.key)
}

func TestCheckUse(t *testing.T) {
	a := &zkp.Accumulator{AllowSinglePartySetupUnsafe: true}
	good := readUse(t)
	nullifier, err := good.check(a)
	if err != nil || !bytes.Equal(nullifier[:], good.Nullifier) {
		t.Fatalf("%x, %v", nullifier, err)
	}
	with := func(change func(u *zkp.Use)) func(*recordedUse) {
		return func(r *recordedUse) {
			u, err := zkp.ParseUse(r.Use)
			if err != nil {
				t.Fatal(err)
			}
			change(u)
			r.Use = u.Bytes()
		}
	}
	// under has the rule ask what the use answers.
	under := func(change func(u *zkp.Use)) func(*recordedUse) {
		return func(r *recordedUse) { with(change)(r); r.asked(t) }
	}
	for name, c := range map[string]struct {
		change func(*recordedUse)
		want   error
	}{
		"not a use":            {func(r *recordedUse) { r.Use = r.Use[1:] }, zkp.ErrForm},
		"another owner":        {func(r *recordedUse) { r.Owner += "x" }, zkp.ErrShow},
		"another event":        {func(r *recordedUse) { r.Event += "x" }, zkp.ErrShow},
		"no event":             {func(r *recordedUse) { r.Event = "" }, zkp.ErrStatement},
		"another payload":      {func(r *recordedUse) { r.Payload[0] ^= 1 }, zkp.ErrShow},
		"another epoch":        {func(r *recordedUse) { r.Epoch.Number++ }, zkp.ErrEpoch},
		"another day":          {func(r *recordedUse) { r.Epoch.Day++ }, zkp.ErrPrepare},
		"another registry":     {func(r *recordedUse) { r.Epoch.Registry.SetOne() }, zkp.ErrPrepare},
		"another revocation":   {func(r *recordedUse) { r.Epoch.Revocation.SetOne() }, zkp.ErrPrepare},
		"another salt":         {with(func(u *zkp.Use) { u.Salt[0] ^= 1 }), zkp.ErrShow},
		"another audience":     {with(func(u *zkp.Use) { u.Audience += "x" }), zkp.ErrShow},
		"another query":        {with(func(u *zkp.Use) { u.Query[0] ^= 1 }), zkp.ErrShow},
		"another expiry":       {with(func(u *zkp.Use) { u.Expiry = u.Expiry.Add(time.Second) }), zkp.ErrShow},
		"another schema":       {under(func(u *zkp.Use) { u.SchemaID += "x" }), zkp.ErrPrepare},
		"another version":      {under(func(u *zkp.Use) { u.SchemaVersion++ }), zkp.ErrPrepare},
		"another bound":        {under(func(u *zkp.Use) { u.Statement.Predicates[0].High++ }), zkp.ErrShow},
		"another value":        {under(func(u *zkp.Use) { u.Statement.Predicates[1].Value.SetOne() }), zkp.ErrShow},
		"another table":        {under(func(u *zkp.Use) { u.Statement.Table = 0xfffe }), zkp.ErrShow},
		"the use's schema":     {with(func(u *zkp.Use) { u.SchemaID += "x" }), zkp.ErrStatement},
		"the use's version":    {with(func(u *zkp.Use) { u.SchemaVersion++ }), zkp.ErrStatement},
		"the use's bound":      {with(func(u *zkp.Use) { u.Statement.Predicates[0].High++ }), zkp.ErrStatement},
		"the use's value":      {with(func(u *zkp.Use) { u.Statement.Predicates[1].Value.SetOne() }), zkp.ErrStatement},
		"the use's table":      {with(func(u *zkp.Use) { u.Statement.Table = 0xfffe }), zkp.ErrStatement},
		"the rule's schema":    {func(r *recordedUse) { r.schema += "x" }, zkp.ErrStatement},
		"the rule's version":   {func(r *recordedUse) { r.version++ }, zkp.ErrStatement},
		"the rule's statement": {func(r *recordedUse) { r.statement[31] ^= 1 }, zkp.ErrStatement},
		"a key for the other":  {func(r *recordedUse) { r.Keys[string(zkp.CircuitShow)] = r.Keys[string(zkp.CircuitPrepare)] }, zkp.ErrVerifyingKey},
		"no key":               {func(r *recordedUse) { r.Keys = nil }, zkp.ErrVerifyingKey},
	} {
		r := readUse(t)
		c.change(&r)
		if _, err := r.check(a); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestCheckUseRoots(t *testing.T) {
	a := &zkp.Accumulator{AllowSinglePartySetupUnsafe: true}
	r := readUse(t)
	registry, revocation := r.Epoch.Registry.Bytes(), r.Epoch.Revocation.Bytes()
	wild := [32]byte(bytes.Repeat([]byte{0xff}, 32))
	for _, roots := range [][2][32]byte{{wild, revocation}, {registry, wild}} {
		_, err := a.CheckUse(r.Use, r.Owner, r.Event, [32]byte(r.Payload), r.schema, r.version, r.statement, r.Epoch.Number, uint32(r.Epoch.Day), roots[0], roots[1], r.key)
		if !errors.Is(err, zkp.ErrForm) && !errors.Is(err, zkp.ErrValue) {
			t.Error(err)
		}
	}
}

func TestCheckUseSetup(t *testing.T) {
	r := readUse(t)
	if _, err := r.check(new(zkp.Accumulator)); !errors.Is(err, zkp.ErrSinglePartySetup) {
		t.Error("a key of one party:", err)
	}
	r.ceremony = true
	if _, err := r.check(new(zkp.Accumulator)); !errors.Is(err, zkp.ErrSinglePartySetup) {
		t.Error("a key that says so of itself, whatever the ledger says:", err)
	}
	r.ceremony = false
	// The same keys, which say of themselves that they come of a ceremony.
	for circuit, b := range r.Keys {
		r.Keys[circuit] = saysCeremony(t, b)
	}
	if _, err := r.check(new(zkp.Accumulator)); !errors.Is(err, zkp.ErrSinglePartySetup) {
		t.Error("a key of one party, says the ledger:", err)
	}
	r.ceremony = true
	if _, err := r.check(new(zkp.Accumulator)); err != nil {
		t.Error("a ceremony's keys, says the ledger:", err)
	}
}

// saysCeremony changes what a key says of its setup.
func saysCeremony(t *testing.T, key []byte) []byte {
	t.Helper()
	other := bytes.Clone(key)
	for i := range other {
		other[i] ^= byte(zkp.SetupSingleParty ^ zkp.SetupCeremony)
		k, err := zkp.ParseVerifyingKey(other, sha256.Sum256(other), zkp.KeyOptions{})
		if err == nil && k.Setup() == zkp.SetupCeremony {
			return other
		}
		other[i] = key[i]
	}
	t.Fatal("no byte says how the key was made")
	return nil
}

var errKey = errors.New("the store failed")

// What the source of keys says is not the proof's fault.
func TestCheckUseKeySource(t *testing.T) {
	r := readUse(t)
	registry, revocation := r.Epoch.Registry.Bytes(), r.Epoch.Revocation.Bytes()
	_, err := new(zkp.Accumulator).CheckUse(r.Use, r.Owner, r.Event, [32]byte(r.Payload), r.schema, r.version, r.statement, r.Epoch.Number, uint32(r.Epoch.Day), registry, revocation,
		func(string) ([]byte, bool, error) { return nil, false, errKey })
	if !errors.Is(err, errKey) {
		t.Error(err)
	}
}

// Where the fields of a Use lie.
const (
	useSalt     = 11
	useExpiry   = useSalt + 16 + 32
	useAudience = useExpiry + 8
)

func TestParseUseFields(t *testing.T) {
	good := readUse(t).Use
	u, err := zkp.ParseUse(good)
	if err != nil {
		t.Fatal(err)
	}
	predicates := useAudience + 2 + len(u.Audience) + 2 + len(u.SchemaID) + 4
	for name, edit := range map[string]func(b []byte) []byte{
		"expiry before 1970":   func(b []byte) []byte { b[useExpiry] = 0x80; return b },
		"audience of 4 KB":     func(b []byte) []byte { binary.BigEndian.PutUint16(b[useAudience:], 4096); return b },
		"zeros behind a range": func(b []byte) []byte { b[predicates+2+31] = 1; return b },
		"a value of the field": func(b []byte) []byte { copy(b[predicates+34+2:], bytes.Repeat([]byte{0xff}, 32)); return b },
		"an unknown operation": func(b []byte) []byte { b[predicates] = 9; return b },
		"a set":                func(b []byte) []byte { b[predicates+34] = byte(zkp.OpIn); return b },
	} {
		if _, err := zkp.ParseUse(edit(bytes.Clone(good))); !errors.Is(err, zkp.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := *u
	long.Audience = string(bytes.Repeat([]byte("a"), 600))
	if _, err := zkp.ParseUse(long.Bytes()); !errors.Is(err, zkp.ErrForm) {
		t.Error("audience of 600 bytes:", err)
	}
}

// BenchmarkCheckUse is what a node does for each use.
func BenchmarkCheckUse(b *testing.B) {
	r, a := readUse(b), &zkp.Accumulator{AllowSinglePartySetupUnsafe: true}
	for b.Loop() {
		if _, err := r.check(a); err != nil {
			b.Fatal(err)
		}
	}
}
