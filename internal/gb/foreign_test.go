package gb

import "testing"

// TestForeignPermanentResidents: the numbers are made up.
func TestForeignPermanentResidents(t *testing.T) {
	for number, want := range map[string]Fault{
		"911156198808080015": "",
		"931840198808080016": "",
		"810000199505060124": "",
		"830000199505060144": "",
		"999840198808080013": FaultRegion,
		"910840198808080013": FaultRegion,
		"931840198808080017": FaultCheckDigit,
		"931840198813080016": FaultDate,
	} {
		if got := CheckResidentID(number); got != want {
			t.Errorf("%s: got %q, want %q", number, got, want)
		}
	}
}
