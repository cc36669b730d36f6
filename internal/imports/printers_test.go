package imports

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// printers show text of strangers escaped, or print none.
var printers = map[string]bool{
	"legible.Escape": true, "legible.Line": true, "legible.JSON": true, "legible.Fprintf": true, "legible.Fprintln": true,
	"a.words.text": true, "line": true, // of examples/hufu, which escape each value
	"lines.Wrap": true, "code.Terminal": true, // of examples/hufu: a text that was escaped, a QR code
}

// TestEveryPrinterEscapes: no program and no server writes a value to a person but
// through package legible. What examples/hufu says stands in its locales, whose values it
// escapes; its own tests walk them.
func TestEveryPrinterEscapes(t *testing.T) {
	calls := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "compare" || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2) {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(filepath.ToSlash(path), "../../legible/") {
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			values, prints := printed(types.ExprString(call.Fun), call.Args)
			if prints {
				calls++
			}
			for _, v := range values {
				if !isHarmless(v) {
					t.Errorf("%s: %s prints %s, which legible does not see", files.Position(call.Pos()), types.ExprString(call.Fun), types.ExprString(v))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls < 30 {
		t.Errorf("only %d calls that print were found", calls)
	}
}

// printed are the values that a call shows to a person.
func printed(function string, args []ast.Expr) (values []ast.Expr, prints bool) {
	switch function {
	case "print", "println", "fmt.Print", "fmt.Printf", "fmt.Println", "os.Stdout.Write", "os.Stdout.WriteString", "os.Stderr.Write", "os.Stderr.WriteString":
		return args, true
	case "fmt.Fprint", "fmt.Fprintf", "fmt.Fprintln", "io.WriteString":
		into := types.ExprString(args[0])
		if strings.HasPrefix(into, "&") || into == "h" || into == "f" || into == "rw" { // a builder, a hash, a fmt.State, a page that html/template made
			return nil, false
		}
		return args[1:], true
	case "http.Error":
		return args[1:2], true
	case "legible.Fprintln":
		return nil, true
	case "legible.Fprintf":
		return args[1:2], true // the format is our own, the values are escaped
	}
	if strings.HasPrefix(function, "log.Print") || strings.HasPrefix(function, "log.Fatal") || strings.HasPrefix(function, "log.Panic") ||
		strings.HasPrefix(function, "slog.Info") || strings.HasPrefix(function, "slog.Warn") || strings.HasPrefix(function, "slog.Error") || strings.HasPrefix(function, "slog.Debug") {
		return args, true
	}
	return nil, false
}

// isHarmless reports whether an expression is text of our own, or passes through a printer.
func isHarmless(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.BinaryExpr:
		return isHarmless(e.X) && isHarmless(e.Y)
	case *ast.CallExpr:
		function := types.ExprString(e.Fun)
		return printers[function] || function == "string" && isHarmless(e.Args[0])
	}
	return false
}
