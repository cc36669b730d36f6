package identity_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/zkp"
)

const residentFile = `{"id":"test.resident","version":1,"vct":"urn:test:resident:1","region":"110000","digests":8,"person":["number"],"claims":[
	{"path":["number"],"type":"string","slot":1,"label":{"en":"number","zh":"号码"}},
	{"path":["birthdate"],"type":"date","slot":2,"label":{"en":"birth date","zh":"出生日期"}}]}`

const licenceFile = `{"id":"test.licence","version":1,"vct":"urn:test:licence:1","region":"110000","digests":8,
	"person":["number"],"boundBy":[{"schema":"test.resident","version":1}],"claims":[
	{"path":["number"],"type":"string","slot":1,"label":{"en":"number","zh":"号码"}},
	{"path":["class"],"type":"string","slot":0,"label":{"en":"class","zh":"车型"}}]}`

func schema(t *testing.T, file string) *credential.Schema {
	t.Helper()
	s, err := credential.ParseSchema([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func demand(t *testing.T, desk, proof string) *identity.Demand {
	t.Helper()
	d, err := identity.NewDemand(desk, schema(t, licenceFile), schema(t, residentFile), proof, time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestScope: desks of an identity type see one commitment of a person. Desks of a
// later type see one each.
func TestScope(t *testing.T) {
	resident, licence := schema(t, residentFile), schema(t, licenceFile)
	if identity.Scope("did:hufu:a", resident) != identity.Scope("did:hufu:b", resident) {
		t.Error("two desks of an identity type have two scopes")
	}
	if identity.Scope("did:hufu:a", licence) == identity.Scope("did:hufu:b", licence) {
		t.Error("two desks of a later type share a scope")
	}
	second := schema(t, strings.Replace(residentFile, `"version":1,"vct":"urn:test:resident:1"`, `"version":2,"vct":"urn:test:resident:2"`, 1))
	if identity.Scope("did:hufu:a", resident) != identity.Scope("did:hufu:a", second) {
		t.Error("an identity type's next edition has another scope: everybody would be bound anew")
	}
	if identity.Scope("x", resident).Kind != zkp.ScopeIssuance {
		t.Error("not a scope of issuance")
	}
}

// TestRequest: the answer counts at this desk, for this application and nothing else.
func TestRequest(t *testing.T) {
	revealed := openid.Values{"110101199005170016", "2026-11-21"}
	base, err := demand(t, "did:hufu:desk", "proof").Request(46000, revealed)
	if err != nil {
		t.Fatal(err)
	}
	if base.Audience != "did:hufu:desk" || !base.Expiry.Equal(time.Unix(1_800_000_000, 0).Add(identity.Lifetime)) {
		t.Errorf("%+v", base)
	}
	if err := base.Check(); err != nil {
		t.Error(err)
	}
	other, err := demand(t, "did:hufu:desk", "another proof").Request(46000, revealed)
	if err != nil || other.Nonce == base.Nonce {
		t.Errorf("one nonce for two applications; %v", err)
	}
	elsewhere, err := demand(t, "did:hufu:elsewhere", "proof").Request(46000, revealed)
	if err != nil || elsewhere.Scope == base.Scope || elsewhere.Audience == base.Audience {
		t.Errorf("one answer for two desks; %v", err)
	}
	if _, err := demand(t, "did:hufu:desk", "proof").Request(46000, revealed[:1]); err == nil {
		t.Error("an answer without the binding day")
	}
	values, err := demand(t, "d", "p").Reveal(map[string]any{"number": "1", "hufu_binding": "2026-11-21", "birthdate": "1990-05-17"})
	if err != nil || len(values) != 2 || values[0] != "1" || values[1] != "2026-11-21" {
		t.Errorf("revealed %v, %v", values, err)
	}
}

// TestMove: another desk of an identity type takes the first one's credential.
func TestMove(t *testing.T) {
	resident := schema(t, residentFile)
	next := schema(t, strings.Replace(residentFile, `"version":1`, `"version":2`, 1))
	d, err := identity.NewDemand("did:hufu:b", next, resident, "proof", time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	request, err := d.Request(46000, openid.Values{"110101199005170016", "2026-11-21"})
	if err != nil || request.Scope != identity.Scope("did:hufu:a", resident) {
		t.Errorf("the commitment of a person who moves changes; %v", err)
	}
}

func TestDemandRefuses(t *testing.T) {
	resident, licence := schema(t, residentFile), schema(t, licenceFile)
	for name, pair := range map[string][2]*credential.Schema{
		"another identity type":         {schema(t, strings.Replace(residentFile, "test.resident", "test.guest", 1)), resident},
		"bound by a later type":         {licence, licence},
		"bound by another edition":      {licence, schema(t, strings.Replace(residentFile, `"version":1`, `"version":2`, 1))},
		"no type":                       {nil, resident},
		"no identity":                   {licence, nil},
		"an identity that names nobody": {licence, schema(t, strings.Replace(residentFile, `"person":["number"],`, "", 1))},
		"an identity that is bound itself": {licence, schema(t, strings.Replace(residentFile, `"person"`,
			`"boundBy":[{"schema":"x","version":1}],"person"`, 1))},
	} {
		if _, err := identity.NewDemand("did:hufu:desk", pair[0], pair[1], "proof", time.Now()); !errors.Is(err, identity.ErrSchema) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseAnswerRefuses(t *testing.T) {
	for _, text := range []string{"", "~", "!", "AAAA", strings.Repeat("A", 440)} {
		if _, err := identity.ParseAnswer(text); !errors.Is(err, identity.ErrShown) {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
}
