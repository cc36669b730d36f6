package status_test

import (
	"testing"

	"github.com/hufu-id/hufu/status"
)

// draftToken is the example of the draft's section 5.1.
const draftToken = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEyIiwidHlwIjoic3RhdHVzbGlzdCtqd3QifQ." +
	"eyJleHAiOjIyOTE3MjAxNzAsImlhdCI6MTY4NjkyMDE3MCwiaXNzIjoiaHR0cHM6Ly9leGFtcGxlLmNvbSIsInN0YXR1c19saXN0Ijp7Im" +
	"JpdHMiOjEsImxzdCI6ImVOcmJ1UmdBQWhjQlhRIn0sInN1YiI6Imh0dHBzOi8vZXhhbXBsZS5jb20vc3RhdHVzbGlzdHMvMSIsInR0bCI6NDMyMDB9." +
	"2lKUUNG503R9htu4aHAYi7vjmr3sgApbfoDvPrl65N3URUO1EYqqQl45Jfzd-Av4QzlKa3oVALpLwOEUOq-U_g"

func tokenSeeds(t testing.TB) [][]byte {
	return [][]byte{[]byte(draftToken), signed(t, newKey(t))}
}

func FuzzStatusToken(f *testing.F) {
	for _, seed := range tokenSeeds(f) {
		f.Add(seed)
	}
	key := newKey(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		token, err := status.Parse(data, status.ParseOptions{})
		if err != nil {
			return
		}
		if string(token.Bytes()) != string(data) {
			t.Fatal("a token does not keep its bytes")
		}
		if _, err := token.Verify(key.Public(), token.UnverifiedSubject(), status.VerifyOptions{}); err == nil {
			t.Fatal("a token verifies under a key that signed nothing")
		}
	})
}

func listSeeds() []string {
	return []string{`{"bits":1,"lst":"eNrbuRgAAhcBXQ"}`, `{"bits":2,"lst":"eNo76fITAAPfAgc"}`,
		`{ "lst" : "eNrbuRgAAhcBXQ", "bits":8, "aggregation_uri":"https://a.example" }`}
}

func FuzzList(f *testing.F) {
	for _, seed := range listSeeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := status.ParseList(data)
		if err != nil {
			return
		}
		again, err := list.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		reread, err := status.ParseList(again)
		if err != nil || reread.Root() != list.Root() || reread.Bits() != list.Bits() {
			t.Fatalf("a list does not survive: %v", err)
		}
	})
}

func TestSeedsAreAccepted(t *testing.T) {
	if len(tokenSeeds(t)) == 0 || len(listSeeds()) == 0 {
		t.Fatal("a fuzz target without seeds")
	}
	for _, seed := range tokenSeeds(t) {
		if _, err := status.Parse(seed, status.ParseOptions{}); err != nil {
			t.Errorf("seed refused: %v", err)
		}
	}
	for _, seed := range listSeeds() {
		if _, err := status.ParseList([]byte(seed)); err != nil {
			t.Errorf("seed refused: %v", err)
		}
	}
}
