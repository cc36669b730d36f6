package ledger_test

import (
	"errors"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

// TestForeignTextOfObjects: what agencies write on the ledger stands on pages.
func TestForeignTextOfObjects(t *testing.T) {
	for _, hostile := range []string{"a\x1b[2K", "a\u202eb", "\u200b", "\u3164", "a\nb", "a\ue000", "\xff", ""} {
		for what, edit := range map[string]func(*ledger.Purpose){
			"basis, en": func(p *ledger.Purpose) { p.Basis.English = hostile },
			"basis, zh": func(p *ledger.Purpose) { p.Basis.Chinese = hostile },
			"claim":     func(p *ledger.Purpose) { p.Asked[0].Claims = []string{hostile} },
			"statement": func(p *ledger.Purpose) { p.Asked[0].Statements = []string{hostile} },
		} {
			p := objects()["purpose"].(*ledger.Purpose)
			edit(p)
			if err := p.Check(); !errors.Is(err, ledger.ErrValue) {
				t.Errorf("%+q as %s: %v", hostile, what, err)
			}
		}
		s := objects()["schema"].(*ledger.Schema)
		s.Attributes[0] = hostile
		if err := s.Check(); hostile != "" && !errors.Is(err, ledger.ErrValue) {
			t.Errorf("%+q as an attribute: %v", hostile, err)
		}
	}
}
