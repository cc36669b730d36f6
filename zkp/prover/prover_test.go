package prover

import (
	"encoding/hex"
	"testing"
)

// Constraint counts are pinned: a change here is a change of the relation.
func TestCircuitsArePinned(t *testing.T) {
	constraints := map[string]int{"hufu-prepare-2": 10597, "hufu-show-2": 1816, "hufu-show-set-2": 4095}
	for _, c := range Circuits() {
		s, err := Compile(c)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Constraints(); got != constraints[string(c)] {
			t.Errorf("%s: %d constraints, pinned %d", c, got, constraints[string(c)])
		}
		hash, err := s.Hash()
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(hash[:]); got != systemHashes[c] {
			t.Errorf("%s: hash %s, pinned %s", c, got, systemHashes[c])
		}
	}
}
