package zkp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/long"
)

// cut replaces one piece of a source file.
type cut struct {
	file     string // from the module's root
	from, to int
	with     string
}

// guard is one refusal in the source: a condition that returns an error, or one
// constraint of a circuit.
type guard struct {
	name string // where it stands, and its condition
	cuts []cut  // that remove it
	runs []run  // one of these must notice
	says string // what the failing test says; anything if empty
}

// run is a choice of tests.
type run struct{ pkg, tests string }

// TestGuards removes every guard, one at a time, and sees that a test fails
// which passes with it. go test reads the changed source through -overlay; the
// source itself is not touched.
func TestGuards(t *testing.T) {
	guards := conditions(t, "zkp")
	for name, others := range behind {
		find(t, guards, name).cuts = allCuts(t, guards, append([]string{name}, others...)) // its own first: see allCuts
	}
	for _, name := range unreachable {
		g := find(t, guards, name)
		guards = slices.DeleteFunc(guards, func(other guard) bool { return other.name == g.name })
	}
	guards = slices.Concat(guards, constraints(t), elsewhere(t))
	if len(guards) < 200 {
		t.Errorf("only %d guards are found", len(guards))
	}
	long.Only(t)
	for _, g := range guards {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			g.remove(t)
		})
	}
}

func find(t *testing.T, guards []guard, name string) *guard {
	t.Helper()
	for i := range guards {
		if guards[i].name == name {
			return &guards[i]
		}
	}
	t.Fatalf("there is no guard %q", name)
	return nil
}

// allCuts returns the first cut of each guard: its own.
func allCuts(t *testing.T, guards []guard, names []string) (out []cut) {
	t.Helper()
	for _, name := range names {
		out = append(out, find(t, guards, name).cuts[0])
	}
	return out
}

// root is the module's.
const root = ".."

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// remove runs the tests without the guard.
func (g *guard) remove(t *testing.T) {
	overlay, err := g.overlay(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range g.runs {
		cmd := exec.Command("go", "test", "-count=1", "-failfast", "-overlay", overlay, "-run", r.tests, "./"+r.pkg)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "HUFU_LONG=0")
		out, err := cmd.CombinedOutput()
		tests := failed.FindSubmatch(out)
		switch {
		case err == nil:
			continue
		case tests == nil && !bytes.Contains(out, []byte("panic:")):
			t.Errorf("the changed source was not tested:\n%s", out)
		case !bytes.Contains(out, []byte(g.says)):
			t.Errorf("the test does not say %q, but:\n%s", g.says, out)
		case tests != nil:
			t.Logf("%s", tests[1])
		default:
			t.Log("panics")
		}
		return
	}
	t.Error("removed, and no test fails")
}

// overlay writes the changed files and what go test wants to know of them.
func (g *guard) overlay(dir string) (string, error) {
	cuts := slices.SortedFunc(slices.Values(g.cuts), func(a, b cut) int { return b.from - a.from })
	changed := map[string][]byte{}
	for _, c := range cuts { // from the end of each file to its beginning
		if changed[c.file] == nil {
			source, err := os.ReadFile(filepath.Join(root, c.file))
			if err != nil {
				return "", err
			}
			changed[c.file] = source
		}
		b := changed[c.file]
		changed[c.file] = slices.Concat(b[:c.from], []byte(c.with), b[c.to:])
	}
	replace := map[string]string{}
	for file, text := range changed {
		from, err := filepath.Abs(filepath.Join(root, file))
		if err != nil {
			return "", err
		}
		replace[from] = filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(replace[from], text, 0o600); err != nil {
			return "", err
		}
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, b, 0o600)
}

// conditions lists every if and every case of a package that returns an error.
func conditions(t *testing.T, dir string) (out []guard) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file := filepath.Join(dir, filepath.Base(path))
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				for _, c := range refusing(n) {
					name := fmt.Sprintf("%s: %s: %s", file, f.Name.Name, sourceOf(t, fset, c.whole))
					if times[name]++; times[name] > 1 {
						name = fmt.Sprintf("%s (%d)", name, times[name])
					}
					from, to := fset.Position(c.cond.Pos()).Offset, fset.Position(c.cond.End()).Offset
					never := "false && (" + sourceOf(t, fset, c.cond) + ")"
					out = append(out, guard{name: name, cuts: []cut{{file, from, to, never}}, runs: noticing(file)})
				}
				return true
			})
		}
	}
	return out
}

// noticing says whose tests guard a file: what a witness refuses is seen in
// package prover, which needs witnesses.
func noticing(file string) []run {
	own := run{filepath.Dir(file), "."}
	switch file {
	case "zkp/answer.go", "zkp/witness.go":
		return []run{own, {"zkp/prover", "TestPrepareDays|TestPrepareKeyWindow|TestPrepareRevoked|TestPrepareRegistration|TestShowRefusedInTheClear"}}
	}
	return []run{own}
}

// condition is what a node asks before it refuses.
type condition struct {
	cond  ast.Expr
	whole ast.Node // with what an if does first
}

// refusing returns the conditions of a node that lead straight to an error.
func refusing(n ast.Node) (conds []condition) {
	switch n := n.(type) {
	case *ast.IfStmt:
		if returnsError(n.Body.List) {
			whole := &ast.IfStmt{Init: n.Init, Cond: n.Cond, Body: &ast.BlockStmt{}}
			conds = append(conds, condition{n.Cond, whole})
		}
	case *ast.SwitchStmt:
		for _, c := range n.Body.List {
			if c := c.(*ast.CaseClause); n.Tag == nil && len(c.List) == 1 && returnsError(c.Body) {
				conds = append(conds, condition{c.List[0], c.List[0]})
			}
		}
	}
	return conds
}

// returnsError reports whether a block ends by returning what looks like an
// error: a variable err, a sentinel, or a call that makes one.
func returnsError(list []ast.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	r, ok := list[len(list)-1].(*ast.ReturnStmt)
	if !ok || len(r.Results) == 0 {
		return false
	}
	switch last := r.Results[len(r.Results)-1].(type) {
	case *ast.Ident:
		return last.Name == "err" || strings.HasPrefix(strings.ToLower(last.Name), "err")
	case *ast.SelectorExpr:
		return strings.HasPrefix(last.Sel.Name, "Err")
	case *ast.CallExpr:
		name, _ := last.Fun.(*ast.Ident)
		call, _ := last.Fun.(*ast.SelectorExpr)
		return name != nil && name.Name == "bad" || call != nil && call.Sel.Name == "Errorf"
	}
	return false
}

func sourceOf(t *testing.T, fset *token.FileSet, n ast.Node) string {
	t.Helper()
	var b bytes.Buffer
	if err := printer.Fprint(&b, fset, n); err != nil {
		t.Fatal(err)
	}
	one := strings.Join(strings.Fields(b.String()), " ")
	return strings.TrimSuffix(strings.TrimPrefix(one, "if "), " { }")
}
