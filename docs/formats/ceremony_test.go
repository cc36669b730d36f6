package formats_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

func plan(t testing.TB) *ceremony.Plan {
	t.Helper()
	p := &ceremony.Plan{
		Version: 1, Name: "keys of the example", Created: begin, Nonce: seed("nonce of a ceremony"), Power: 14, Minimum: 2,
		Circuits: []ceremony.PlannedSystem{{Circuit: "hufu-prepare-2", System: seed("constraint system")}},
		Beacons: [2]ceremony.BeaconRule{
			{Source: ceremony.SourceDrand, At: begin.Add(7 * 24 * time.Hour)}, {Source: ceremony.SourceDrand, At: begin.Add(14 * 24 * time.Hour)},
		},
	}
	for _, name := range []string{"north", "south"} {
		p.Participants = append(p.Participants, must[ceremony.Participant](t)(ceremony.NewParticipant("did:example:"+name, newAgency(t, name).Public())))
	}
	return p
}

// record is a label, signed as ceremony.md says.
func record(t testing.TB, p *ceremony.Plan) *ceremony.Record {
	t.Helper()
	r := &ceremony.Record{
		Version: 1, Ceremony: p.Hash(), Step: "phase1", Number: 1, Participant: "did:example:north", Previous: seed("beginning"), Hash: seed("contribution"), Time: begin,
	}
	r.Signature = must[[]byte](t)(newAgency(t, "north").Sign(nil, recordDigest(r), crypto.SHA256))
	return r
}

func recordDigest(r *ceremony.Record) []byte {
	unsigned := *r
	unsigned.Signature = nil
	digest := sha256.Sum256(append([]byte("hufu/ceremony/contribution/1\x00"), unsigned.Bytes()...))
	return digest[:]
}

func ceremonyFiles(t testing.TB) page {
	p := plan(t)
	r := record(t, p)
	bad := func(b []byte, from, to string) []byte { return replaced(t, b, []byte(from), []byte(to)) }
	return page{
		name:   "ceremony",
		limits: map[string]int{"document": limits.Document},
		doors: map[string]door{
			"plan": func(b []byte) (any, []byte, error) {
				p, err := ceremony.ParsePlan(b)
				if err != nil {
					return nil, nil, err
				}
				return fields{"hash": p.Hash(), "rounds": []uint64{p.Beacons[0].Round(), p.Beacons[1].Round()}}, p.Bytes(), nil
			},
			"record": func(b []byte) (any, []byte, error) {
				r, err := ceremony.ParseRecord(b)
				if err != nil {
					return nil, nil, err
				}
				key := must[*ecdsa.PublicKey](t)(p.Participants[0].PublicKey())
				return fields{"digest": recordDigest(r), "signed": ecdsa.VerifyASN1(key, recordDigest(r), r.Signature)}, r.Bytes(), nil
			},
		},
		vectors: []example{{"two participants and one circuit", "plan", p.Bytes()}, {"the first contribution", "record", r.Bytes()}},
		refused: []refusal{
			{"another spelling", "plan", compact(t, p.Bytes()), ceremony.ErrForm},
			{"a participant twice", "plan", bad(p.Bytes(), "did:example:south", "did:example:north"), ceremony.ErrPlan},
			{"more contributions asked for than there are participants", "plan", bad(p.Bytes(), `"minimum": 2`, `"minimum": 3`), ceremony.ErrPlan},
			{"an unknown member", "record", bad(r.Bytes(), `"number"`, `"nummer"`), ceremony.ErrForm},
			{"version 2", "record", bad(r.Bytes(), `"version": 1`, `"version": 2`), ceremony.ErrForm},
		},
	}
}

// compact is the same JSON without spaces.
func compact(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
