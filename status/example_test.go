package status_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/status"
)

// A hall of records revokes one certificate and a counter finds out.
func Example() {
	hall, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	list, err := status.New(2, 1<<20)
	if err != nil {
		log.Fatal(err)
	}
	index, err := status.Allocate(list.Size(), func(int) bool { return false })
	if err != nil {
		log.Fatal(err)
	}
	if err := list.Set(index, status.Invalid); err != nil {
		log.Fatal(err)
	}
	claims := status.Claims{Subject: "https://records.example/status/1", Expires: time.Now().Add(24 * time.Hour)}
	compact, err := status.Sign(context.Background(), hall, did.Header{}, claims, list)
	if err != nil {
		log.Fatal(err)
	}

	// At the counter, which read URI and index from the certificate.
	token, err := status.Parse([]byte(compact), status.ParseOptions{})
	if err != nil {
		log.Fatal(err)
	}
	verified, err := token.Verify(hall.Public(), "https://records.example/status/1", status.VerifyOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(verified.Check(index))
	// Output: status: credential revoked
}
