package did_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log"
	"time"

	"github.com/hufu-id/hufu/did"
)

// A phone proves to an issuing desk that it holds the key behind its did:jwk.
func Example() {
	ctx := context.Background()
	phone, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	id, err := did.NewJWK(phone.Public())
	if err != nil {
		log.Fatal(err)
	}
	header := did.Header{Typ: "openid4vci-proof+jwt", Kid: id + "#0"}
	proof, err := did.SignJWS(ctx, phone, header, []byte(`{"nonce":"n-1"}`), did.JWSOptions{})
	if err != nil {
		log.Fatal(err)
	}

	// At the desk.
	token, err := did.ParseJWS(proof, "openid4vci-proof+jwt", did.JWSOptions{})
	if err != nil {
		log.Fatal(err)
	}
	key, err := did.FindKey(ctx, did.SelfContained(), token.Header.Kid, time.Time{})
	if err != nil {
		log.Fatal(err)
	}
	payload, err := token.Verify(key.Public)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(key.Alg, string(payload))
	// Output: ES256 {"nonce":"n-1"}
}
