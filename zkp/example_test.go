package zkp_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hufu-id/hufu/zkp"
)

// An agency issues the endorsement of a credential, the holder checks it, and
// a counter puts a question. Proving is in package prover.
func Example() {
	agency, err := zkp.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	secret, err := zkp.GenerateSecret(nil)
	if err != nil {
		log.Fatal(err)
	}
	birth, err := zkp.ParseDay("1990-05-17")
	if err != nil {
		log.Fatal(err)
	}
	district, err := zkp.EncodeString("110101")
	if err != nil {
		log.Fatal(err)
	}
	credential := &zkp.Credential{
		Schema:     zkp.SchemaElement("cn.resident", 1),
		Attributes: zkp.Attributes{3: zkp.EncodeDate(birth), 5: district},
		Secret:     secret,
	}

	// The agency sees the holder's commitment, never the secret.
	scope := zkp.IssuanceScope("did:hufu:agency", "cn.resident")
	holder, err := secret.HolderCommitment(scope)
	if err != nil {
		log.Fatal(err)
	}
	issued, err := zkp.IssueEndorsement(context.Background(), agency, zkp.EndorsementSpec{
		Schema: credential.Schema, Region: "110101", Holder: holder, Issuance: scope,
		NotBefore: 46325, NotAfter: 47056, Attributes: credential.Attributes,
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	if credential.Endorsement, err = zkp.ParseEndorsement(issued.String()); err != nil {
		log.Fatal(err)
	}
	fmt.Println("signature holds:", credential.Check() == nil)

	today, err := zkp.ParseDay("2026-11-21")
	if err != nil {
		log.Fatal(err)
	}
	question, err := zkp.All(zkp.AtLeastYears(3, 18, today), zkp.Equal(5, district))
	if err != nil {
		log.Fatal(err)
	}
	_, accepted := question.Outcome(&credential.Attributes)
	fmt.Println("of age and from the district:", accepted)
	// Output:
	// signature holds: true
	// of age and from the district: true
}
