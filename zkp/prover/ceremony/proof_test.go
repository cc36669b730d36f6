package ceremony_test

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/testkeys"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

func developmentKeys(t *testing.T) *prover.Prover {
	t.Helper()
	cache, err := testkeys.Cache()
	if err != nil {
		t.Fatal(err)
	}
	p, err := prover.DevelopmentKeys(context.Background(), cache, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// proveAndVerify proves an age with keys of two folders, and checks the answer
// with the show key taken at the zero options.
func proveAndVerify(t *testing.T, prepare, show *prover.Prover, prepareOptions zkp.KeyOptions) {
	t.Helper()
	c, epoch, w := credential(t)
	prepared, err := prepare.Prepare(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	statement, err := zkp.All(zkp.AtLeastYears(0, 18, epoch.Day))
	if err != nil {
		t.Fatal(err)
	}
	req := &zkp.Request{
		Nonce: "n-0S6_WzA2Mj", Audience: "did:hufu:counter", Query: sha256.Sum256([]byte("query")),
		Expiry:    time.Unix(1_795_000_000, 0).UTC(),
		Questions: []zkp.Question{{Schema: c.Schema, Statements: []zkp.Statement{statement}}},
	}
	answer, err := zkp.NewAnswer(req, epoch, zkp.Holding{Credential: c, Prepared: prepared})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := show.Show(t.Context(), answer)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := zkp.NewKeys(key(t, prepare, zkp.CircuitPrepare, prepareOptions), key(t, show, zkp.CircuitShow, zkp.KeyOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zkp.Verify(keys, epoch, req, shown...); err != nil {
		t.Error(err)
	}
	req.Nonce = "another"
	if _, err := zkp.Verify(keys, epoch, req, shown...); err == nil {
		t.Error("a proof for another request is accepted")
	}
}

func key(t *testing.T, p *prover.Prover, c zkp.Circuit, opts zkp.KeyOptions) *zkp.VerifyingKey {
	t.Helper()
	b, hash, err := p.VerifyingKey(c)
	if err != nil {
		t.Fatal(err)
	}
	k, err := zkp.ParseVerifyingKey(b, hash, opts)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// credential is one holder's, with the trees of one epoch around it.
func credential(t *testing.T) (*zkp.Credential, zkp.Epoch, *zkp.PrepareWitness) {
	t.Helper()
	day := func(s string) zkp.Day {
		d, err := zkp.ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	issuer, err := zkp.NewPrivateKey(sha256.Sum256([]byte("issuer")))
	if err != nil {
		t.Fatal(err)
	}
	c := &zkp.Credential{Schema: zkp.SchemaElement("cn.resident", 1)}
	scope := zkp.IssuanceScope("did:hufu:office", "cn.resident")
	c.Secret[0] = 7
	c.Attributes[0] = zkp.EncodeDate(day("1990-05-17"))
	holder, err := c.Secret.HolderCommitment(scope)
	if err != nil {
		t.Fatal(err)
	}
	from, until := day("2026-01-01"), day("2030-01-01")
	if c.Endorsement, err = zkp.IssueEndorsement(t.Context(), issuer, zkp.EndorsementSpec{
		Schema: c.Schema, Region: "110101", Holder: holder, Issuance: scope, NotBefore: from, NotAfter: until, Attributes: c.Attributes,
	}, nil); err != nil {
		t.Fatal(err)
	}
	leaf := zkp.RegistryEntry{Key: issuer.ProofKey(), Schema: c.Schema, Region: "110101", From: from, Until: until}.Leaf()
	registry, err := zkp.NewRegistry([][32]byte{leaf.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	revocation, err := zkp.NewRevocation(nil)
	if err != nil {
		t.Fatal(err)
	}
	epoch := zkp.Epoch{Number: 7, Day: day("2026-11-21"), Registry: registry.Root(), Revocation: revocation.Root()}
	w, err := zkp.NewPrepareWitness(c, epoch, from, until, registry, revocation, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, epoch, w
}
