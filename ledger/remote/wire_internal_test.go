package remote

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

// refusals are the reasons that package ledger names beside its Submitter, and the one of
// an agency's name.
var refusals = map[string]error{
	"ErrUnknownKind": ledger.ErrUnknownKind, "ErrUnsigned": ledger.ErrUnsigned, "ErrUnauthorised": ledger.ErrUnauthorised,
	"ErrConflict": ledger.ErrConflict, "ErrTaken": ledger.ErrTaken, "ErrUsed": ledger.ErrUsed, "ErrProof": ledger.ErrProof,
	"ErrFull": ledger.ErrFull, "ErrNotAdmitted": ledger.ErrNotAdmitted,
	"ErrBudget": ledger.ErrBudget, "ErrMissing": ledger.ErrMissing, "ErrSubject": ledger.ErrSubject,
}

// TestEveryRefusalCrossesTheWire: a client knows for what reason a server refused, as if
// the ledger were its own.
func TestEveryRefusalCrossesTheWire(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../submit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, decl := range file.Decls {
		vars, ok := decl.(*ast.GenDecl)
		if !ok || vars.Tok != token.VAR {
			continue
		}
		for _, spec := range vars.Specs {
			if name := spec.(*ast.ValueSpec).Names[0].Name; strings.HasPrefix(name, "Err") {
				found++
				if refusals[name] == nil {
					t.Errorf("%s is not in this test", name)
				}
			}
		}
	}
	if found < 9 {
		t.Errorf("%d reasons in submit.go", found)
	}
	for name, reason := range refusals {
		wire := refusalOf(&ledger.RefusedError{Index: 3, Kind: "accr", Reason: fmt.Errorf("why: %w", reason)})
		var refused *ledger.RefusedError
		if err := wire.refused(); !errors.As(err, &refused) || !errors.Is(err, reason) || refused.Index != 3 {
			t.Errorf("%s arrives as %v", name, err)
		}
	}
}
