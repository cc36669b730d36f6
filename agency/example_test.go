package agency_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// A root agency founds a ledger, admits an office and accredits an office to issue. The office
// rotates its signature key, and its accreditation holds as before.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	// In earnest the vaults are files: see vault/sqlitevault.
	rootVault, officeVault := vault.NewMemoryStore(), vault.NewMemoryStore()
	prepared, err := agency.PrepareRoot(ctx, rootVault, agency.Options{})
	if err != nil {
		log.Fatal(err)
	}
	l, err := sqlitelog.Init(ctx, dir, "ledger.example/demo", new(zkp.Accumulator), prepared.Key,
		sqlitelog.InitOptions{NextKeys: [][32]byte{prepared.Next}, Deciders: []ledger.Decider{prepared.Decider}})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()

	// In earnest the trust file comes with its fingerprint: ledger.ParseTrustPinned.
	client, err := ledger.NewClient(ctx, l.Trust(), l, vault.NewTrustStore(rootVault, l.Trust().Origin), ledger.ClientOptions{})
	if err != nil {
		log.Fatal(err)
	}
	root, err := agency.Open(ctx, rootVault, client, l, agency.Options{})
	if err != nil {
		log.Fatal(err)
	}
	office, err := agency.Enter(ctx, officeVault, client, l, agency.Options{ProofKey: true}, func(ctx context.Context, application *ledger.SignedOperation) error {
		_, err := root.Admit(ctx, application) // in earnest a file goes to another office
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	err = root.Accredit(ctx, agency.Grant{
		To: office.DID(), Action: ledger.ActionIssue, Type: "urn:example:resident:1", Region: "110101",
		Subject: ledger.Subject{
			Name:    ledger.Text{English: "Dongcheng Residence Registration", Chinese: "东城区户籍管理处"},
			Code:    "12110101MB0000001F",
			Contact: "010-5550 0101",
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := office.Rotate(ctx); err != nil {
		log.Fatal(err)
	}
	for _, key := range office.Object().Keys {
		fmt.Println(key.ID, "is", key.Purpose, "key, ended:", key.Until != 0)
	}
	fmt.Println("signs with", office.Keys().KeyID[len(office.DID()):])
	// Output:
	// sig-1 is signature key, ended: true
	// zk-1 is proof key, ended: false
	// sig-2 is signature key, ended: false
	// signs with #sig-2
}
