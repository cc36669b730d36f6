package ceremony_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

// Rounds and signatures of drand's quicknet, published by its operators.
func TestDrand(t *testing.T) {
	rule := ceremony.BeaconRule{Source: ceremony.SourceDrand}
	for _, c := range []struct {
		at    time.Time
		round uint64
		value string
	}{
		{time.Unix(1692803367, 0), 1, ""},
		{time.Unix(1692803368, 0), 2, ""},
		{time.Unix(1692803370, 0), 2, ""},
		{round123, 123, value123},
		{round123.Add(-2 * time.Second), 123, value123},
		{round123.Add(time.Second), 124, ""},
		{round1000, 1000, value1000},
	} {
		rule.At = c.at
		if got := rule.Round(); got != c.round {
			t.Errorf("%s: round %d, want %d", c.at, got, c.round)
		}
		for _, value := range []string{value123, value1000} {
			if err := rule.CheckValue(unhex(t, value)); (err == nil) != (value == c.value) || err != nil && !errors.Is(err, ceremony.ErrBeacon) {
				t.Errorf("%s: %s… gives %v", c.at, value[:8], err)
			}
		}
	}
	rule.At = round123
	good := unhex(t, value123)
	infinity := make([]byte, 48)
	infinity[0] = 0xc0
	negative := bytes.Clone(good)
	negative[0] ^= 0x20
	for name, bad := range map[string][]byte{
		"empty": nil, "short": good[:47], "long": append(bytes.Clone(good), 0), "infinity": infinity,
		"negative": negative, "not a point": bytes.Repeat([]byte{0x8f}, 48), "zero": make([]byte, 48),
	} {
		if err := rule.CheckValue(bad); !errors.Is(err, ceremony.ErrBeacon) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The values of other sources are for people to compare; only a length can be
// wrong.
func TestOtherSources(t *testing.T) {
	rule := ceremony.BeaconRule{Source: "Draw of the state lottery", At: round123}
	if rule.Checkable() || rule.Round() != 0 {
		t.Error("claims to check it")
	}
	for n, good := range map[int]bool{0: false, 15: false, 16: true, 512: true, 513: false} {
		if err := rule.CheckValue([]byte(strings.Repeat("x", n))); (err == nil) != good {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}
