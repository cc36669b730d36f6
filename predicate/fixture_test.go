package predicate_test

import (
	_ "embed"
	"errors"
	"fmt"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/zkp"
)

//go:embed testdata/person.schema.json
var personFile []byte

func person(t testing.TB) *credential.Schema {
	t.Helper()
	s, err := credential.ParseSchema(personFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func day(t testing.TB, text string) zkp.Day {
	t.Helper()
	d, err := zkp.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// asked reads predicates as they stand in a DCQL query.
func asked(t testing.TB, predicates, accept string) *openid.CredentialQuery {
	t.Helper()
	if accept != "" {
		accept = `,"predicates_accept":` + accept
	}
	q, err := openid.ParseQuery([]byte(fmt.Sprintf(
		`{"credentials":[{"id":"q","format":"dc+sd-jwt_zk","meta":{"vct_values":["urn:test:person:1"]},"predicates":[%s]%s}]}`, predicates, accept)))
	if err != nil {
		t.Fatal(err)
	}
	return &q.Credentials[0]
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want: %v", err, want)
	}
}
