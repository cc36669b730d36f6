package jwe_test

import (
	"fmt"
	"log"

	"github.com/hufu-id/hufu/openid/jwe"
)

// A counter makes a key for one request. The wallet encrypts its answer to it.
func Example() {
	private, err := jwe.GenerateKey()
	if err != nil {
		log.Fatal(err)
	}
	public, err := jwe.NewPublicKey(private.PublicKey())
	if err != nil {
		log.Fatal(err)
	}
	token, err := jwe.Encrypt([]byte(`{"vp_token":{}}`), public, jwe.EncryptOptions{Encryption: jwe.A128GCM})
	if err != nil {
		log.Fatal(err)
	}

	message, err := jwe.Parse(token, jwe.ParseOptions{})
	if err != nil {
		log.Fatal(err)
	}
	content, err := message.Decrypt(private)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(message.Header.KeyID == public.ID, string(content))
	// Output: true {"vp_token":{}}
}
