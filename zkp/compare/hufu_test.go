package main

import (
	"log"
	"os"
	"testing"

	"github.com/hufu-id/hufu/internal/testkeys"
)

// TestMain gives the program the tests' keys for the user's.
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

func openTestHufu(t *testing.T) (age, value *hufu) {
	t.Helper()
	age, value, err := openHufu(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return age, value
}

func TestOursVerifies(t *testing.T) {
	age, value := openTestHufu(t)
	for name, h := range map[string]*hufu{"age": age, "value": value} {
		if err := h.prepareAndShow(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := h.verify(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// Each byte but version, suite and epoch belongs to a value or a proof.
		for i := range h.presentation {
			changed := append([]byte(nil), h.presentation...)
			changed[i] ^= 1
			if h.verifyAs(h.request, changed) == nil {
				t.Errorf("%s: byte %d may be changed", name, i)
			}
		}
		request := *h.request
		request.Nonce = "another-nonce"
		if h.verifyAs(&request, h.presentation) == nil {
			t.Errorf("%s: answers another request", name)
		}
	}
	if value.verifyAs(age.request, value.presentation) == nil {
		t.Error("a disclosed value answers a question about age")
	}
}
