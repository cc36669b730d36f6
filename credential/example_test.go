package credential_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
)

// A library asks Ms Li for her district and learns nothing else.
func Example() {
	ctx := context.Background()
	bureau, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	phone, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	claims := map[string]any{
		"iss": "did:web:bureau.example", "vct": "urn:example:residence",
		"exp":     time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC).Unix(),
		"name":    "李明",
		"address": map[string]any{"region": "440305", "street": "深南大道 1"},
	}
	hide := []credential.Path{{"name"}, {"address"}, {"address", "region"}, {"address", "street"}}
	issued, err := credential.Issue(ctx, bureau, did.Header{Kid: "did:web:bureau.example#1"}, claims, hide,
		credential.IssueOptions{Holder: phone.Public(), Digests: 8})
	if err != nil {
		log.Fatal(err)
	}

	// In the wallet.
	shown, err := issued.Disclose(credential.Path{"address", "region"})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := shown.Bind(ctx, phone, "https://library.example", "nonce-1", credential.BindOptions{})
	if err != nil {
		log.Fatal(err)
	}

	// At the library.
	token, err := credential.Parse(answer.Bytes(), credential.ParseOptions{})
	if err != nil {
		log.Fatal(err)
	}
	verified, err := token.Verify(bureau.Public(), credential.VerifyOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := verified.VerifyBinding("https://library.example", "nonce-1", credential.BindingOptions{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(verified.Claims["address"], verified.Claims["name"])
	// Output: map[region:440305] <nil>
}
