package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// refused alters a valid object in one way and names the check that fails.
type refused[T any] struct {
	name  string
	alter func(*T)
	want  error
}

func testRefused[T any, P interface {
	*T
	ledger.Object
}](t *testing.T, valid func() P, parse func([]byte) (P, error), cases []refused[T]) {
	t.Helper()
	if _, err := parse(valid().Bytes()); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		o := valid()
		c.alter((*T)(o))
		if _, err := parse(o.Bytes()); !is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

var tooLong = strings.Repeat("x", 600)

func TestAccreditationFields(t *testing.T) {
	type a = ledger.Accreditation
	testRefused(t, func() *a { return objects()["accreditation"].(*a) }, ledger.ParseAccreditation, []refused[a]{
		{"action", func(o *a) { o.Action = "audit" }, ledger.ErrValue},
		{"state", func(o *a) { o.State = "" }, ledger.ErrValue},
		{"ended without an end", func(o *a) { o.State = ledger.StateEnded }, ledger.ErrValue},
		{"any type to issue", func(o *a) { o.Type = ledger.AnyType }, ledger.ErrValue},
		{"no type", func(o *a) { o.Type = "" }, ledger.ErrKey},
		{"long type", func(o *a) { o.Type = tooLong }, ledger.ErrKey},
		{"long key", func(o *a) { o.Type = tooLong[:500] }, ledger.ErrKey},
		{"agency", func(o *a) { o.Agency = "did:web:example.org" }, ledger.ErrKey},
		{"accreditor", func(o *a) { o.Accreditor = "" }, ledger.ErrKey},
		{"region", func(o *a) { o.Region = "11" }, ledger.ErrValue},
		{"another's via", func(o *a) { o.Via = "accr/" + didOf(5) + "/accredit/110000/x" }, ledger.ErrValue},
		{"from before 1970", func(o *a) { o.From = -1 }, ledger.ErrValue},
		{"until before 1970", func(o *a) { o.Until = -1 }, ledger.ErrValue},
		{"ends as it begins", func(o *a) { o.From, o.Until = 5, 5 }, ledger.ErrValue},
	})
}

func TestSchemaFields(t *testing.T) {
	type s = ledger.Schema
	testRefused(t, func() *s { return objects()["schema"].(*s) }, ledger.ParseSchema, []refused[s]{
		{"version 0", func(o *s) { o.Version = 0 }, ledger.ErrValue},
		{"attribute twice", func(o *s) { o.Attributes[3] = "name" }, ledger.ErrValue},
		{"long attribute", func(o *s) { o.Attributes[3] = tooLong }, ledger.ErrValue},
		{"no id", func(o *s) { o.ID = "" }, ledger.ErrKey},
		{"id with a space", func(o *s) { o.ID = "a b" }, ledger.ErrKey},
		{"no type", func(o *s) { o.VCT = "" }, ledger.ErrKey},
		{"owner", func(o *s) { o.Owner = "x" }, ledger.ErrKey},
		{"long key", func(o *s) { o.ID = tooLong[:510] }, ledger.ErrKey},
	})
}

func TestStatusFields(t *testing.T) {
	type s = ledger.Status
	testRefused(t, func() *s { return objects()["status"].(*s) }, ledger.ParseStatus, []refused[s]{
		{"no uri", func(o *s) { o.URI = "" }, ledger.ErrKey},
		{"long key", func(o *s) { o.URI = tooLong[:510] }, ledger.ErrKey},
		{"issuer", func(o *s) { o.Issuer = "x" }, ledger.ErrKey},
		{"before 1970", func(o *s) { o.ValidUntil = -1 }, ledger.ErrValue},
	})
}

func TestRevocationFields(t *testing.T) {
	type r = ledger.Revocation
	testRefused(t, func() *r { return objects()["revocation"].(*r) }, ledger.ParseRevocation, []refused[r]{
		{"no key", func(o *r) { o.ProofKey = nil }, ledger.ErrValue},
		{"long key", func(o *r) { o.ProofKey = make([]byte, 129) }, ledger.ErrValue},
		{"no list", func(o *r) { o.List = "" }, ledger.ErrKey},
		{"long list", func(o *r) { o.List = tooLong[:510] }, ledger.ErrKey},
	})
}

func TestVKFields(t *testing.T) {
	type v = ledger.VK
	testRefused(t, func() *v { return objects()["vk"].(*v) }, ledger.ParseVK, []refused[v]{
		{"setup", func(o *v) { o.Setup = "" }, ledger.ErrValue},
		{"state", func(o *v) { o.State = "" }, ledger.ErrValue},
		{"circuit", func(o *v) { o.Circuit = "" }, ledger.ErrKey},
		{"long circuit", func(o *v) { o.Circuit = tooLong[:510] }, ledger.ErrKey},
	})
}

func TestAnchorFields(t *testing.T) {
	type a = ledger.Anchor
	testRefused(t, func() *a { return anchorOf(1) }, ledger.ParseAnchor, []refused[a]{
		{"over nothing", func(o *a) { o.Count = 0 }, ledger.ErrValue},
		{"agency", func(o *a) { o.Agency = "x" }, ledger.ErrKey},
	})
}

func TestTrustFields(t *testing.T) {
	w := newWorld(t, 1, 1)
	vkey := w.witnesses[0].VerifierKey()
	type o = ledger.Agreement
	testRefused(t, func() *o {
		return &o{Witnesses: []string{vkey}, K: 1, Deciders: []ledger.Decider{{Key: []byte{1}, Next: [32]byte{1}}}, Threshold: 1}
	}, ledger.ParseAgreement, []refused[o]{
		{"k 0", func(t *o) { t.K = 0 }, ledger.ErrValue},
		{"k above n", func(t *o) { t.K = 2 }, ledger.ErrValue},
		{"threshold 0", func(t *o) { t.Threshold = 0 }, ledger.ErrValue},
		{"threshold above n", func(t *o) { t.Threshold = 2 }, ledger.ErrValue},
		{"one witness twice", func(t *o) { t.Witnesses = append(t.Witnesses, vkey) }, ledger.ErrValue},
		{"one key twice", func(t *o) { t.Deciders = append(t.Deciders, ledger.Decider{Key: []byte{1}, Next: [32]byte{2}}) }, ledger.ErrValue},
		{"empty key", func(t *o) { t.Deciders[0].Key = nil }, ledger.ErrValue},
		{"long key", func(t *o) { t.Deciders[0].Key = make([]byte, 129) }, ledger.ErrValue},
		{"33 witnesses", func(t *o) { t.Witnesses = make([]string, 33) }, ledger.ErrValue},
		{"a node without a witness", func(t *o) { t.Nodes = [][]byte{make([]byte, 32), {31: 1}} }, ledger.ErrValue},
		{"33 nodes", func(t *o) { t.Nodes = make([][]byte, 33) }, ledger.ErrValue},
		{"short node key", func(t *o) { t.Nodes = [][]byte{{1}} }, ledger.ErrValue},
		{"one node twice", func(t *o) { t.Nodes = [][]byte{make([]byte, 32), make([]byte, 32)} }, ledger.ErrValue},
		{"33 agencies", func(t *o) {
			for n := byte(2); n < 34; n++ {
				t.Deciders = append(t.Deciders, ledger.Decider{Key: []byte{n}, Next: [32]byte{n}})
			}
		}, ledger.ErrValue},
		{"no next key", func(t *o) { t.Deciders[0].Next = [32]byte{} }, ledger.ErrValue},
		{"one next key twice", func(t *o) {
			t.Deciders = append(t.Deciders, ledger.Decider{Key: []byte{2}, Next: [32]byte{1}})
		}, ledger.ErrValue},
		{"the key in use is the next", func(t *o) { t.Deciders[0].Next = ledger.KeyHash([]byte{1}) }, ledger.ErrValue},
		{"first rules from a height", func(t *o) { t.Rules.From = 1 }, ledger.ErrValue},
		{"newer rules from no height", func(t *o) { t.Rules.Version = 1 }, ledger.ErrValue},
	})
}

func TestDIDFields(t *testing.T) {
	type d = ledger.DID
	valid := func() *d {
		return &d{ID: didOf(1), Keys: []ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: []byte{1}}}}
	}
	parse := func(b []byte) (*d, error) { return ledger.ParseDID(didOf(1), b) }
	testRefused(t, valid, parse, []refused[d]{
		{"purpose", func(o *d) { o.Keys[0].Purpose = "" }, ledger.ErrValue},
		{"no key", func(o *d) { o.Keys[0].Public = nil }, ledger.ErrValue},
		{"long key", func(o *d) { o.Keys[0].Public = make([]byte, 129) }, ledger.ErrValue},
		{"from", func(o *d) { o.Keys[0].From = -1 }, ledger.ErrValue},
		{"until", func(o *d) { o.Keys[0].Until = -1 }, ledger.ErrValue},
		{"compromised", func(o *d) { o.Keys[0].CompromisedFrom = -1 }, ledger.ErrValue},
		{"ends as it begins", func(o *d) { o.Keys[0].From, o.Keys[0].Until = 5, 5 }, ledger.ErrValue},
		{"no name", func(o *d) { o.Keys[0].ID = "" }, ledger.ErrKey},
		{"name with a slash", func(o *d) { o.Keys[0].ID = "a/b" }, ledger.ErrKey},
		{"same key", func(o *d) { o.Keys = append(o.Keys, o.Keys[0]); o.Keys[1].ID = "sig-2" }, ledger.ErrValue},
		{"same name", func(o *d) { o.Keys = append(o.Keys, o.Keys[0]); o.Keys[1].Public = []byte{2} }, ledger.ErrValue},
		{"33 keys", func(o *d) { o.Keys = make([]ledger.PublicKey, 33) }, ledger.ErrValue},
		{"9 next keys", func(o *d) { o.Next = make([][32]byte, 9) }, ledger.ErrValue},
		{"deactivated with a next key", func(o *d) { o.Deactivated, o.Next = true, make([][32]byte, 1) }, ledger.ErrValue},
	})
	if _, err := ledger.ParseDID("did:web:example.org", valid().Bytes()); !is(err, ledger.ErrKey) {
		t.Error("another method:", err)
	}
}

func TestKeyPeriods(t *testing.T) {
	day := int64(24 * 3600)
	for name, c := range map[string]struct {
		key         ledger.PublicKey
		valid       []int64
		not         []int64
		from, until uint32
		ok          bool
	}{
		"open":         {ledger.PublicKey{}, []int64{0, 1 << 40}, nil, 0, 1<<20 - 1, true},
		"closed":       {ledger.PublicKey{From: day, Until: 5 * day}, []int64{day, 5*day - 1}, []int64{day - 1, 5 * day}, 25569, 25572, true},
		"compromised":  {ledger.PublicKey{From: day, Until: 5 * day, CompromisedFrom: 3 * day}, nil, []int64{day, 3*day - 1, 3 * day}, 0, 0, false},
		"ended first":  {ledger.PublicKey{From: day, Until: 3 * day, CompromisedFrom: 5 * day}, nil, []int64{day, 3*day - 1, 3 * day}, 0, 0, false},
		"stolen only":  {ledger.PublicKey{CompromisedFrom: 3 * day}, nil, []int64{0, 3 * day}, 0, 0, false},
		"within a day": {ledger.PublicKey{From: day, Until: day + 100}, []int64{day}, []int64{day + 100}, 25569, 25568, false},
		"of midnight":  {ledger.PublicKey{From: 16 * 3600, Until: 40*3600 + 1}, []int64{16 * 3600, 40 * 3600}, []int64{40*3600 + 1}, 25568, 25569, true},
		"a day":        {ledger.PublicKey{From: 16 * 3600, Until: 40 * 3600}, []int64{16 * 3600}, []int64{40 * 3600}, 25568, 25568, true},
		"far ahead":    {ledger.PublicKey{From: 1<<63 - 1}, []int64{1<<63 - 1}, []int64{0}, 1 << 20, 1<<20 - 1, false},
	} {
		for _, at := range c.valid {
			if !c.key.ValidAt(time.Unix(at, 0)) {
				t.Errorf("%s: not valid at %d", name, at)
			}
		}
		for _, at := range c.not {
			if c.key.ValidAt(time.Unix(at, 0)) {
				t.Errorf("%s: valid at %d", name, at)
			}
		}
		if from, until, ok := c.key.Days(); from != c.from || until != c.until || ok != c.ok {
			t.Errorf("%s: days %d to %d, %v", name, from, until, ok)
		}
	}
}

func TestSigningKeys(t *testing.T) {
	d := &ledger.DID{Keys: []ledger.PublicKey{
		{Purpose: ledger.PurposeSignature, Public: []byte{1}, Until: 10},
		{Purpose: ledger.PurposeProof, Public: []byte{2}},
		{Purpose: ledger.PurposeSignature, Public: []byte{3}, From: 5},
	}}
	for at, want := range map[int64]string{4: "\x01", 5: "\x01\x03", 10: "\x03"} {
		if got := bytes.Join(d.SigningKeys(time.Unix(at, 0)), nil); string(got) != want {
			t.Errorf("at %d: %x", at, got)
		}
	}
	if !d.HasProofKey([]byte{2}) || d.HasProofKey([]byte{1}) {
		t.Error("proof keys")
	}
	d.Deactivated = true
	if len(d.SigningKeys(time.Unix(5, 0))) > 0 {
		t.Error("a deactivated DID signs")
	}
}

func TestRegions(t *testing.T) {
	for code, ok := range map[string]bool{
		"000000": true, "110000": true, "110100": true, "110101": true, "100000": true, "429004": true,
		"": false, "11": false, "1101010": false, "11010a": false, "000011": false, "001100": false, "110001": false,
	} {
		if err := ledger.CheckRegion(code); (err == nil) != ok || err != nil && !is(err, ledger.ErrValue) {
			t.Errorf("%q: %v", code, err)
		}
	}
	for _, c := range []struct {
		region, inner string
		want          bool
	}{
		{"000000", "110101", true}, {"110000", "110101", true}, {"110100", "110101", true}, {"110101", "110101", true},
		{"110101", "110100", false}, {"110000", "310000", false}, {"110000", "000000", false},
		{"100000", "110000", false}, {"", "110000", false}, {"110000", "11", false},
	} {
		if ledger.Covers(c.region, c.inner) != c.want {
			t.Errorf("%q covers %q: not %v", c.region, c.inner, c.want)
		}
	}
}

func TestViewJudgesState(t *testing.T) {
	w := newWorld(t, 1, 1)
	status := objects()["status"].(*ledger.Status)
	status.ValidUntil = start.Unix()
	vk := objects()["vk"].(*ledger.VK)
	vk.State = ledger.VKRetired
	w.put(status)
	w.put(vk)
	v := must(w.verify(w.prove(status.Key(), vk.Key())))(t)
	if _, err := v.Status(status.Issuer, status.URI); !is(err, ledger.ErrExpired) {
		t.Error(err)
	}
	if _, err := v.VK(vk.Circuit); !is(err, ledger.ErrRetired) {
		t.Error(err)
	}
	if _, err := v.DID("did:web:example.org"); !is(err, ledger.ErrKey) {
		t.Error(err)
	}
	if _, err := v.Get("a b"); !is(err, ledger.ErrKey) {
		t.Error(err)
	}
}

func TestRuleFields(t *testing.T) {
	type r = ledger.Rule
	step := func(i int, alter func(*ledger.Transition)) func(*r) { return func(o *r) { alter(&o.Transitions[i]) } }
	asks := func(q ledger.Question, maxAge uint32) func(*r) {
		return func(o *r) { o.MaxAge, o.Question = maxAge, q }
	}
	testRefused(t, func() *r { return objects()["rule"].(*r) }, ledger.ParseRule, []refused[r]{
		{"uses without a question", asks(ledger.Question{}, 1), ledger.ErrValue},
		{"question without uses", asks(ledger.Question{Schema: "s", Version: 1, Statement: [32]byte{1}}, 0), ledger.ErrValue},
		{"question of no schema", asks(ledger.Question{Version: 1, Statement: [32]byte{1}}, 1), ledger.ErrKey},
		{"question of version 0", asks(ledger.Question{Schema: "s", Statement: [32]byte{1}}, 1), ledger.ErrValue},
		{"question without a statement", asks(ledger.Question{Schema: "s", Version: 1}, 1), ledger.ErrValue},
		{"version 0", func(o *r) { o.Version = 0 }, ledger.ErrValue},
		{"no id", func(o *r) { o.ID = "" }, ledger.ErrKey},
		{"long key", func(o *r) { o.ID = tooLong[:510] }, ledger.ErrKey},
		{"owner", func(o *r) { o.Owner = "x" }, ledger.ErrKey},
		{"type without steps", func(o *r) { o.Transitions = nil }, ledger.ErrValue},
		{"steps without a type", func(o *r) { o.Type = "" }, ledger.ErrValue},
		{"type with a space", func(o *r) { o.Type = "a b" }, ledger.ErrKey},
		{"too many steps", func(o *r) { o.Transitions = make([]ledger.Transition, 65) }, ledger.ErrValue},
		{"a step twice", func(o *r) { o.Transitions[1] = o.Transitions[0] }, ledger.ErrValue},
		{"steps out of order", func(o *r) { o.Transitions[0], o.Transitions[1] = o.Transitions[1], o.Transitions[0] }, ledger.ErrValue},
		{"no signers", step(1, func(x *ledger.Transition) { x.Signers = 0 }), ledger.ErrValue},
		{"unknown signers", step(1, func(x *ledger.Transition) { x.Signers |= 8 }), ledger.ErrValue},
		{"begins without a registrar", step(0, func(x *ledger.Transition) { x.Signers = ledger.SignerNext }), ledger.ErrValue},
		{"begins with a holder", step(0, func(x *ledger.Transition) { x.Signers |= ledger.SignerHolder }), ledger.ErrValue},
		{"state in capitals", step(1, func(x *ledger.Transition) { x.From = "HELD" }), ledger.ErrValue},
		{"no state", step(1, func(x *ledger.Transition) { x.To = "" }), ledger.ErrValue},
		{"long state", step(1, func(x *ledger.Transition) { x.To = tooLong[:33] }), ledger.ErrValue},
	})
}

func TestTrailFields(t *testing.T) {
	type tr = ledger.Trail
	testRefused(t, func() *tr { return objects()["trail"].(*tr) }, ledger.ParseTrail, []refused[tr]{
		{"version 0", func(o *tr) { o.Version = 0 }, ledger.ErrValue},
		{"no commitment", func(o *tr) { o.Commitment = [32]byte{} }, ledger.ErrValue},
		{"long holder", func(o *tr) { o.Holder = make([]byte, 129) }, ledger.ErrValue},
		{"first with a previous", func(o *tr) { o.Previous[0] = 1 }, ledger.ErrValue},
		{"second without a previous", func(o *tr) { o.Sequence = 1 }, ledger.ErrValue},
		{"state", func(o *tr) { o.State = "a/b" }, ledger.ErrValue},
		{"rule", func(o *tr) { o.Rule = "a b" }, ledger.ErrKey},
		{"registrar", func(o *tr) { o.Sequence, o.Previous[0], o.Registrar = 1, 1, "" }, ledger.ErrKey},
		{"founder", func(o *tr) { o.Founder, o.Registrar = "", "" }, ledger.ErrKey},
		{"begun for another", func(o *tr) { o.Founder = didOf(3) }, ledger.ErrValue},
		{"owner of the rule", func(o *tr) { o.RuleOwner = "x" }, ledger.ErrKey},
		{"region", func(o *tr) { o.Region = "1" }, ledger.ErrValue},
	})
}

func TestPurposeFields(t *testing.T) {
	type p = ledger.Purpose
	asked := func(alter func(*ledger.Asked)) func(*p) { return func(o *p) { alter(&o.Asked[0]) } }
	many := make([]string, 65)
	testRefused(t, func() *p { return objects()["purpose"].(*p) }, ledger.ParsePurpose, []refused[p]{
		{"asks nothing", func(o *p) { o.Asked = nil }, ledger.ErrValue},
		{"asks of nine types", func(o *p) { o.Asked = make([]ledger.Asked, 9) }, ledger.ErrValue},
		{"one type twice", func(o *p) { o.Asked = append(o.Asked, o.Asked[0]) }, ledger.ErrValue},
		{"nothing of a type", asked(func(a *ledger.Asked) { a.Claims, a.Statements = nil, nil }), ledger.ErrValue},
		{"too many claims", asked(func(a *ledger.Asked) { a.Statements = many }), ledger.ErrValue},
		{"an empty claim", asked(func(a *ledger.Asked) { a.Claims[0] = "" }), ledger.ErrValue},
		{"a long claim", asked(func(a *ledger.Asked) { a.Claims[0] = tooLong }), ledger.ErrValue},
		{"a claim twice", asked(func(a *ledger.Asked) { a.Claims = []string{"name", "name"} }), ledger.ErrValue},
		{"type", asked(func(a *ledger.Asked) { a.Type = "" }), ledger.ErrKey},
		{"retention", func(o *p) { o.Retention = "P1Y2M" }, ledger.ErrValue},
		{"state", func(o *p) { o.State = "on" }, ledger.ErrValue},
		{"via", func(o *p) { o.Via = "a b" }, ledger.ErrKey},
		{"id with a slash", func(o *p) { o.ID = "a/b" }, ledger.ErrKey},
		{"long key", func(o *p) { o.ID = tooLong[:500] }, ledger.ErrKey},
		{"verifier", func(o *p) { o.Verifier = "x" }, ledger.ErrKey},
		{"regulator", func(o *p) { o.Regulator = "x" }, ledger.ErrKey},
		{"region", func(o *p) { o.Region = "x" }, ledger.ErrValue},
		{"basis in one language", func(o *p) { o.Basis.Chinese = "" }, ledger.ErrValue},
		{"long basis", func(o *p) { o.Basis.English = tooLong }, ledger.ErrValue},
	})
}

func TestGrantFields(t *testing.T) {
	type g = ledger.Grant
	testRefused(t, func() *g { return objects()["grant"].(*g) }, ledger.ParseGrant, []refused[g]{
		{"no key", func(o *g) { o.PublicKey = nil }, ledger.ErrValue},
		{"long key", func(o *g) { o.PublicKey = make([]byte, 129) }, ledger.ErrValue},
		{"no tag", func(o *g) { o.Tag = [32]byte{} }, ledger.ErrValue},
		{"no end", func(o *g) { o.Until = 0 }, ledger.ErrValue},
		{"state", func(o *g) { o.State = "" }, ledger.ErrValue},
		{"agency", func(o *g) { o.Agency = "x" }, ledger.ErrKey},
	})
}

func TestAuditUseAndKeyFileFields(t *testing.T) {
	type a = ledger.Audit
	testRefused(t, func() *a { return objects()["audit"].(*a) }, ledger.ParseAudit, []refused[a]{
		{"agency", func(o *a) { o.Agency = "x" }, ledger.ErrKey},
	})
	type u = ledger.Use
	testRefused(t, func() *u { return objects()["use"].(*u) }, ledger.ParseUse, []refused[u]{
		{"version 0", func(o *u) { o.Version = 0 }, ledger.ErrValue},
		{"no nullifier", func(o *u) { o.Nullifier = [32]byte{} }, ledger.ErrValue},
		{"no proof", func(o *u) { o.Proof = nil }, ledger.ErrValue},
		{"long proof", func(o *u) { o.Proof = make([]byte, 8193) }, ledger.ErrValue},
		{"event", func(o *u) { o.Event = "" }, ledger.ErrKey},
		{"rule", func(o *u) { o.Rule = tooLong }, ledger.ErrKey},
	})
	type k = ledger.KeyFile
	testRefused(t, func() *k { return objects()["keyfile"].(*k) }, ledger.ParseKeyFile, []refused[k]{
		{"empty", func(o *k) { o.File = nil }, ledger.ErrValue},
		{"long", func(o *k) { o.File = make([]byte, 8193) }, ledger.ErrValue},
		{"agency", func(o *k) { o.Agency = "x" }, ledger.ErrKey},
	})
}

// TestSaltedHash: a fixed value, which pages and registers compute elsewhere.
func TestSaltedHash(t *testing.T) {
	salt := [16]byte{1, 2, 3}
	want := sha256.Sum256([]byte("hufu/salted/1\x00\x01\x02\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00110101 GB1"))
	if got := ledger.SaltedHash(salt, "110101 GB1"); got != want {
		t.Errorf("%x", got)
	}
	if ledger.SaltedHash([16]byte{1, 2, 4}, "110101 GB1") == want || ledger.SaltedHash(salt, "110101 GB2") == want {
		t.Error("salt or name do not count")
	}
}
