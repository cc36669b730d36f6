package formats_test

import (
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

const (
	residentType = "urn:example:resident:1"
	statusURI    = "https://office.example/status/1"
)

// ledgerObjects has one value of each kind, and the two that the state machine
// writes by itself.
func ledgerObjects(t testing.TB) page {
	_, _, id := root(t)
	p := page{name: "ledger-objects", doors: objectDoors(id)}
	for _, o := range objects(t, id) {
		p.vectors = append(p.vectors, example{"an object of kind " + o.Kind(), o.Kind(), o.Bytes()})
	}
	epoch := &ledger.Epoch{Number: 492513, Day: ledger.Day(begin), RegistryRoot: seed("registry root"), RevocationRoot: seed("revocation root")}
	seen := &ledger.Seen{Operation: seed("operation"), Payload: seed("payload")}
	p.vectors = append(p.vectors, example{"what closing an epoch writes", "epoch", epoch.Bytes()}, example{"what a use leaves", "seen", seen.Bytes()})
	p.refused = []refusal{
		{"an anchor over no record", ledger.KindAnchor, (&ledger.Anchor{Hash: seed("x"), Agency: id}).Bytes(), ledger.ErrValue},
		{"an unknown state", ledger.KindVK, (&ledger.VK{Circuit: "c", TranscriptHash: seed("transcript"), Setup: ledger.SetupCeremony, State: "gone"}).Bytes(), ledger.ErrValue},
		{"a ceremony without a transcript", ledger.KindVK, (&ledger.VK{Circuit: "c", Setup: ledger.SetupCeremony, State: ledger.VKActive}).Bytes(), ledger.ErrValue},
		{"a single party with a transcript", ledger.KindVK, (&ledger.VK{Circuit: "c", TranscriptHash: seed("transcript"), Setup: ledger.SetupSingleParty, State: ledger.VKActive}).Bytes(), ledger.ErrValue},
		{"a DID in upper case", ledger.KindAudit, (&ledger.Audit{Agency: "did:hufu:AAAA"}).Bytes(), ledger.ErrKey},
		{"any type, but not to accredit", ledger.KindAccreditation, accreditation(id, ledger.ActionIssue, "110101", ledger.AnyType).Bytes(), ledger.ErrValue},
		{"a region that skips a level", ledger.KindAccreditation, accreditation(id, ledger.ActionIssue, "110001", residentType).Bytes(), ledger.ErrValue},
		{"an agency without a name", ledger.KindAccreditation, withoutSubject(accreditation(id, ledger.ActionIssue, "110101", residentType)).Bytes(), ledger.ErrSubject},
		{"a first value with a previous one", ledger.KindTrail, withPrevious(trail(t, id)).Bytes(), ledger.ErrValue},
		{"two cosigners of one", ledger.KindAgreement, (&ledger.Agreement{K: 2, Witnesses: witnesses(t)[:1], Threshold: 1, Deciders: []ledger.Decider{{Key: []byte{1}, Next: [32]byte{1}}}}).Bytes(), ledger.ErrValue},
		{"a field too few", ledger.KindAnchor, []byte{0x82, 1, 0x81, 1}, ledger.ErrFormat},
	}
	return p
}

// object is a door for one kind: the key under which it stands, and its fields.
func object[T ledger.Object](parse func([]byte) (T, error)) door {
	return func(b []byte) (any, []byte, error) {
		o, err := parse(b)
		if err != nil {
			return nil, nil, err
		}
		return fields{"key": o.Key(), "object": o}, o.Bytes(), nil
	}
}

func objectDoors(id string) map[string]door {
	return map[string]door{
		ledger.KindDID:           object(func(b []byte) (*ledger.DID, error) { return ledger.ParseDID(id, b) }),
		ledger.KindAccreditation: object(ledger.ParseAccreditation),
		ledger.KindSchema:        object(ledger.ParseSchema),
		ledger.KindStatus:        object(ledger.ParseStatus),
		ledger.KindRevoke:        object(ledger.ParseRevocation),
		ledger.KindVK:            object(ledger.ParseVK),
		ledger.KindKeyFile:       object(ledger.ParseKeyFile),
		ledger.KindAnchor:        object(ledger.ParseAnchor),
		ledger.KindAgreement:     object(ledger.ParseAgreement),
		ledger.KindRule:          object(ledger.ParseRule),
		ledger.KindTrail:         object(ledger.ParseTrail),
		ledger.KindPurpose:       object(ledger.ParsePurpose),
		ledger.KindGrant:         object(ledger.ParseGrant),
		ledger.KindAudit:         object(ledger.ParseAudit),
		ledger.KindUse:           object(ledger.ParseUse),
		"epoch": func(b []byte) (any, []byte, error) {
			e, err := ledger.ParseEpoch(b)
			if err != nil {
				return nil, nil, err
			}
			return fields{"key": ledger.EpochKey(e.Number), "object": e}, e.Bytes(), nil
		},
		"seen": func(b []byte) (any, []byte, error) {
			s, err := ledger.ParseSeen(b)
			if err != nil {
				return nil, nil, err
			}
			return fields{"object": s}, s.Bytes(), nil
		},
	}
}

func objects(t testing.TB, id string) []ledger.Object {
	did, _, _ := root(t)
	did.ID = id
	use := recordedUse(t)
	return []ledger.Object{
		did,
		accreditation(id, ledger.ActionAccredit, "110000", ledger.AnyType),
		&ledger.Schema{ID: "cn.resident", Version: 1, VCT: residentType, Hash: seed("schema file"), Attributes: [16]string{`["name"]`, `["birthdate"]`}, Owner: id},
		&ledger.Status{URI: statusURI, Issuer: id, Sequence: 7, Root: seed("status list"), ValidUntil: begin.AddDate(0, 0, 7).Unix()},
		&ledger.Revocation{ProofKey: proofKey(t, "root agency").ProofKey().Bytes(), Random: seed16("random of an endorsement"), List: statusURI, Index: 9},
		&ledger.VK{Circuit: "hufu-prepare-2", KeyHash: ledger.KeyHash(use.Keys["hufu-prepare-2"]), Setup: ledger.SetupSingleParty, State: ledger.VKActive},
		&ledger.KeyFile{File: use.Keys["hufu-prepare-2"], Agency: id},
		anchor(t, "parcel 1"),
		first(t),
		&ledger.Rule{
			ID: "cn.title", Version: 1, Hash: seed("text of the rule"), Owner: id, Type: residentType,
			Transitions: []ledger.Transition{
				{From: "", To: "held", Signers: ledger.SignerRegistrar},
				{From: "held", To: "held", Signers: ledger.SignerRegistrar | ledger.SignerHolder | ledger.SignerNext},
			},
		},
		&ledger.Rule{
			ID: "cn.vote", Version: 1, Hash: seed("policy of the vote"), Owner: id, MaxAge: 3600,
			Question: ledger.Question{Schema: "cn.resident", Version: 1, Statement: seed("statement")},
		},
		trail(t, id),
		&ledger.Purpose{
			Verifier: id, ID: "library-card", Regulator: id, Region: "110000", Basis: ledger.Text{English: "Consent", Chinese: "个人同意"},
			Asked: []ledger.Asked{{Type: residentType, Claims: []string{"district"}, Statements: []string{"birthdate"}}}, Retention: "P0D", State: ledger.StateActive,
		},
		&ledger.Grant{
			Hash: seed("grant"), PublicKey: newAgency(t, "citizen, this grant").public(t), Tag: seed("tag"), Agency: id,
			Until: begin.AddDate(1, 0, 0).Unix(), State: ledger.GrantActive,
		},
		&ledger.Audit{Agency: id, Hash: seed("audit"), Tag: seed("tag")},
		&ledger.Use{Nullifier: [32]byte(use.Nullifier), Owner: id, Rule: "cn.vote", Version: 1, Event: use.Event, Epoch: use.Epoch.Number, Payload: [32]byte(use.Payload), Proof: use.Use},
	}
}

func accreditation(id, action, region, typ string) *ledger.Accreditation {
	return &ledger.Accreditation{
		Agency: id, Action: action, Region: region, Type: typ, Accreditor: id, From: begin.Unix(),
		Until: begin.Add(365 * 24 * time.Hour).Unix(), State: ledger.StateActive,
		Subject: ledger.Subject{
			Name:    ledger.Text{English: "Dongcheng Residence Registration", Chinese: "东城区户籍管理处"},
			Code:    "12110101MB0000001F",
			Contact: "010-5550 0101, https://residence.dongcheng.example",
		},
	}
}

func withoutSubject(a *ledger.Accreditation) *ledger.Accreditation {
	a.Subject = ledger.Subject{}
	return a
}

func trail(t testing.TB, id string) *ledger.Trail {
	return &ledger.Trail{
		Record: ledger.SaltedHash(seed16("salt"), "parcel 1"), Founder: id, RuleOwner: id, Rule: "cn.title", Version: 1, State: "held",
		Commitment: seed("commitment"), Holder: newAgency(t, "citizen, this parcel").public(t), Registrar: id, Region: "110101",
	}
}

func withPrevious(t *ledger.Trail) *ledger.Trail {
	t.Previous = seed("previous")
	return t
}
