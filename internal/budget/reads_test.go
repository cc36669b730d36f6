package budget_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// unbounded may read files whole, with the reason.
var unbounded = map[string]string{
	"ledger/explorer/web/build": "builds this repository's own pages",
	"internal/testkeys":         "finds this repository, for tests",
	"ledger/explorer/web":       "unpacks the pages that were built in",
	"internal/powerloss":        "a test's own folder",
	"ledger/feed":               "compares a file with what is about to replace it",
	"zkp/prover/anchored":       "copies keys that the prover has opened",
	"zkp/prover/ceremony":       "its own memory, which a hash guards",
	"internal/openapitest":      "what a test sends, behind the handler's own cap",
	"examples/embed/desk":       "a file that the user named",
	"examples/embed/wallet":     "a file that the user named",
}

// TestNothingIsReadWhole: outside of tests, a file or a body is read up to a cap.
func TestNothingIsReadWhole(t *testing.T) {
	reads, whole := 0, map[string]bool{}
	walk(t, func(folder string, files *token.FileSet, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch name := types.ExprString(call.Fun); name {
			case "os.ReadFile", "fs.ReadFile", "io.ReadAll", "json.NewDecoder", "io.Copy":
				if name == "io.Copy" && len(call.Args) != 2 {
					return true
				}
				reads++
				argument := types.ExprString(call.Args[len(call.Args)-1])
				if strings.HasPrefix(argument, "io.LimitReader(") || strings.HasPrefix(argument, "http.MaxBytesReader(") {
					return true
				}
				whole[folder] = true
				if unbounded[folder] == "" {
					t.Errorf("%s: %s(%s) has no cap", files.Position(call.Pos()), name, argument)
				}
			}
			return true
		})
	})
	if reads < 20 {
		t.Errorf("only %d reads were found", reads)
	}
	for folder := range unbounded {
		if !whole[folder] {
			t.Errorf("%s reads nothing whole", folder)
		}
	}
}
