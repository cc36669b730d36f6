package publish_test

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/zkp"
)

const listURI = "urn:hufu:status:test:1"

var now = time.Date(2026, 11, 21, 10, 5, 0, 0, zkp.Zone)

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want: %v", err, want)
	}
}

// token signs a status list of some entries.
func token(t testing.TB, uri string, entries int, ttl time.Duration) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	none(t, err)
	list, err := status.New(8, entries)
	none(t, err)
	for i := range entries { // so that it is as long compressed
		none(t, list.Set(i, status.Status(i*i*7%251)))
	}
	compact, err := status.Sign(t.Context(), key, did.Header{Kid: "did:x:a#1"},
		status.Claims{Subject: uri, IssuedAt: now, Expires: now.Add(24 * time.Hour), TTL: ttl}, list)
	none(t, err)
	return []byte(compact)
}

// schemaFile is the residents' schema in some edition.
func schemaFile(t testing.TB, version int) []byte {
	t.Helper()
	b, err := os.ReadFile("../hufutest/testdata/resident.schema.json")
	none(t, err)
	return []byte(strings.Replace(string(b), `"version": 1`, `"version": `+strconv.Itoa(version), 1))
}

func schema(t testing.TB, version int) *credential.Schema {
	t.Helper()
	s, err := credential.ParseSchema(schemaFile(t, version))
	none(t, err)
	return s
}

// keyFile is a well-formed verifying key that verifies nothing, one of several.
func keyFile(t testing.TB, number int64) []byte {
	t.Helper()
	return keyOf(t, zkp.CircuitPrepare, number)
}

func showKey(t testing.TB) []byte {
	t.Helper()
	return keyOf(t, zkp.CircuitShow, 1)
}

func keyOf(t testing.TB, circuit zkp.Circuit, number int64) []byte {
	t.Helper()
	_, _, g1, g2 := bn254.Generators()
	g1.ScalarMultiplication(&g1, big.NewInt(number))
	ic := slices.Repeat([]bn254.G1Affine{g1}, circuit.PublicInputs()+1)
	var beta, gamma bn254.G2Affine
	beta.Double(&g2)
	gamma.Add(&beta, &g2)
	key, err := zkp.NewVerifyingKey(circuit, zkp.SetupSingleParty, g1, beta, gamma, g2, ic)
	none(t, err)
	return key.Bytes()
}

// broken is a source that a test breaks: it answers with what the test says.
type broken struct {
	publish.Source

	mu    sync.Mutex
	err   error
	files map[publish.Name][]byte
	asked []publish.Name
}

func (b *broken) Read(ctx context.Context, name publish.Name) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, name)
	if err := cmp.Or(ctx.Err(), b.err); err != nil {
		return nil, err
	}
	if other, ok := b.files[name]; ok {
		return other, nil
	}
	return b.Source.Read(ctx, name)
}

// count is how often a file was asked for.
func (b *broken) count(name publish.Name) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, asked := range b.asked {
		if asked == name {
			n++
		}
	}
	return n
}
