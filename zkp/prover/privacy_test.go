package prover_test

import (
	"fmt"
	"testing"

	"github.com/hufu-id/hufu/zkp"
)

// header is version, suite and epoch: everyone who shows in an epoch has it.
const header = 10

// Nine answers of one person in nine scopes, and so 36 pairs, have no run of
// 16 bytes in common.
func TestUnlinkable(t *testing.T) {
	const run = 16
	f := newFixture(t)
	seen := map[string]int{}
	for i := range 9 {
		req := f.request(t)
		if i > 0 { // the first asks for no name at all
			req.Scope = zkp.Scope{Kind: zkp.ScopePairwise, Owner: fmt.Sprintf("did:hufu:counter%d", i)}
		}
		b := present(t, f, req).Bytes()[header:]
		for at := range len(b) - run + 1 {
			window := string(b[at : at+run])
			if before, ok := seen[window]; ok && before != i {
				t.Fatalf("answers %d and %d share %x", before, i, window)
			}
			seen[window] = i
		}
	}
}

// In one scope the name is the same, whatever is asked, and with it nothing else.
func TestSameScopeSamePseudonym(t *testing.T) {
	f := newFixture(t)
	first := recordedRequest(t, f)
	second := recordedRequest(t, f)
	second.Nonce = "another"
	a, b := present(t, f, first), present(t, f, second)
	if a.Pseudonym != b.Pseudonym {
		t.Error("two names in one scope")
	}
	if a.Commitment == b.Commitment || a.Prepare == b.Prepare || a.Shows[0] == b.Shows[0] {
		t.Error("more than the name is the same")
	}
	if second.Scope = (zkp.Scope{}); present(t, f, second).Pseudonym == a.Pseudonym {
		t.Error("one name in two scopes")
	}
	other := newFixture(t)
	other.credential = issue(t, f.issuer, newSecret("somebody else"), schema, "110101", f.credential.Attributes)
	if present(t, other, first).Pseudonym == a.Pseudonym {
		t.Error("two people have one name")
	}
}

// A native half has leaked, all of its owner's attributes but the birth date
// are known, and so is everything that was shown. Still no guess can be told
// from another: what was signed holds the owner's secret.
func TestNoDictionary(t *testing.T) {
	f := newFixture(t)
	shown := present(t, f, recordedRequest(t, f))
	half, err := zkp.ParseHalf(f.credential.Half.String())
	if err != nil {
		t.Fatal(err)
	}
	public := []zkp.Element{shown.Commitment, shown.Pseudonym, {}}
	commitment := zkp.Domains()["commitment"]
	truth := f.credential.Attributes[slotBirth]
	holder, err := f.credential.Secret.HolderCommitment(f.credential.Issuance)
	if err != nil {
		t.Fatal(err)
	}
	attrs := f.credential.Attributes
	met := false
	for d := day(t, "1985-01-01"); d < day(t, "1985-01-01")+10_000; d++ {
		attrs[slotBirth] = zkp.EncodeDate(d)
		hash := attrs.Hash()
		for _, x := range public {
			if zkp.Compress(4, commitment, hash, x, x) == shown.Commitment {
				t.Fatalf("the commitment tells")
			}
		}
		// One name takes the signature's time, so try the likeliest.
		if half.Verify(schema, shown.Pseudonym, &attrs) == nil {
			t.Fatal("the signature tells")
		}
		if attrs[slotBirth] == truth {
			// With the holder commitment, which the half does not carry, the
			// same guess is confirmed: the attempt is a real one.
			met = half.Verify(schema, holder, &attrs) == nil
		}
	}
	if !met {
		t.Error("the dictionary does not hold the truth")
	}
}
