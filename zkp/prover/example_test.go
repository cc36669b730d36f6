package prover_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/testkeys"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// TestMain gives the example the tests' keys for the user's.
func TestMain(m *testing.M) {
	cache, err := testkeys.Cache()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.Setenv("XDG_CACHE_HOME", cache); err != nil {
		log.Fatal(err)
	}
	os.Exit(m.Run())
}

// A wallet prepares while nobody asks, and answers when somebody does.
func Example() {
	ctx := context.Background()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	p, err := prover.DevelopmentKeys(ctx, cache, nil)
	if err != nil {
		log.Fatal(err)
	}
	credential, witness, epoch := exampleCredential()

	prepared, err := p.Prepare(ctx, witness)
	if err != nil {
		log.Fatal(err)
	}

	statement, err := zkp.All(zkp.AtLeastYears(0, 18, epoch.Day))
	if err != nil {
		log.Fatal(err)
	}
	request := &zkp.Request{
		Nonce: "n-0S6_WzA2Mj", Audience: "did:hufu:counter", Query: sha256.Sum256([]byte("age")),
		Expiry:    time.Unix(1_795_000_000, 0),
		Questions: []zkp.Question{{Schema: credential.Schema, Statements: []zkp.Statement{statement}}},
	}
	answer, err := zkp.NewAnswer(request, epoch, zkp.Holding{Credential: credential, Prepared: prepared})
	if err != nil {
		log.Fatal(err)
	}
	presentations, err := p.Show(ctx, answer)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(presentations[0].Bytes()), "bytes")

	// The counter knows the keys by their hashes, from the ledger.
	keys, err := exampleKeys(p)
	if err != nil {
		log.Fatal(err)
	}
	_, err = zkp.Verify(keys, epoch, request, presentations...)
	fmt.Println("of age:", err == nil)
	// Output:
	// 330 bytes
	// of age: true
}

func exampleKeys(p *prover.Prover) (*zkp.Keys, error) {
	var parsed []*zkp.VerifyingKey
	for _, c := range prover.Circuits() {
		b, pin, err := p.VerifyingKey(c)
		if err != nil {
			return nil, err
		}
		k, err := zkp.ParseVerifyingKey(b, pin, zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, k)
	}
	return zkp.NewKeys(parsed...)
}

// exampleCredential is what a wallet and a ledger hold before the first proof.
func exampleCredential() (*zkp.Credential, *zkp.PrepareWitness, zkp.Epoch) {
	agency, err := zkp.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	secret, err := zkp.GenerateSecret(nil)
	if err != nil {
		log.Fatal(err)
	}
	c := &zkp.Credential{
		Schema: zkp.SchemaElement("cn.resident", 1), Attributes: zkp.Attributes{zkp.EncodeDate(33000)}, Secret: secret,
	}
	scope := zkp.IssuanceScope("did:hufu:agency", "cn.resident")
	holder, err := secret.HolderCommitment(scope)
	if err != nil {
		log.Fatal(err)
	}
	if c.Endorsement, err = zkp.IssueEndorsement(context.Background(), agency, zkp.EndorsementSpec{
		Schema: c.Schema, Region: "110101", Holder: holder, Issuance: scope,
		NotBefore: 46325, NotAfter: 47056, Attributes: c.Attributes,
	}, nil); err != nil {
		log.Fatal(err)
	}
	leaf := zkp.RegistryEntry{Key: agency.ProofKey(), Schema: c.Schema, Region: "110101", From: 46000, Until: 48000}.Leaf()
	registry, err := zkp.NewRegistry([][32]byte{leaf.Bytes()})
	if err != nil {
		log.Fatal(err)
	}
	revocation, err := zkp.NewRevocation(nil)
	if err != nil {
		log.Fatal(err)
	}
	epoch := zkp.Epoch{Number: 1, Day: 46345, Registry: registry.Root(), Revocation: revocation.Root()}
	w, err := zkp.NewPrepareWitness(c, epoch, 46000, 48000, registry, revocation, nil)
	if err != nil {
		log.Fatal(err)
	}
	return c, w, epoch
}
