package verdict_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/verdict"
)

const module = "github.com/hufu-id/hufu/"

// judged are the packages whose every exported sentinel has a row somewhere.
var judged = []string{
	"did", "certpath", "credential", "status", "ledger", "zkp", "openid", "openid/oauth", "openid/jwe", "predicate", "identity",
	"provenance", "publish", "vault",
	"agency", "wallet", "wallet/client", "wallet/issuer", "verifier", "ledger/feed", "zkp/prover", "zkp/prover/ceremony",
}

// tables are the packages with rows, and the packages below whose sentinels they
// may name.
var tables = []string{"verdict", "agency", "wallet", "wallet/client", "wallet/issuer", "verifier", "zkp/prover/ceremony"}

// parse reads the Go files of a package of ours, without its tests.
func parse(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		t.Fatalf("no Go files in %s", dir)
	}
	return files
}

// sentinels are the exported error variables of a package, as "dir.Name".
func sentinels(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	for _, file := range parse(t, dir) {
		for _, decl := range file.Decls {
			vars, ok := decl.(*ast.GenDecl)
			if !ok || vars.Tok != token.VAR {
				continue
			}
			for _, spec := range vars.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					if strings.HasPrefix(name.Name, "Err") {
						out = append(out, dir+"."+name.Name)
					}
				}
			}
		}
	}
	return out
}

// named are the sentinels that the rows of a package name, as "dir.Name".
func named(t *testing.T, dir string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, file := range parse(t, dir) {
		imports := map[string]string{}
		for _, i := range file.Imports {
			if ours, ok := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), module); ok {
				imports[path.Base(ours)] = ours
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || !isTable(lit.Type) {
				return true
			}
			ast.Inspect(lit, func(n ast.Node) bool {
				switch x := n.(type) {
				case *ast.SelectorExpr:
					if pkg, ok := x.X.(*ast.Ident); ok && strings.HasPrefix(x.Sel.Name, "Err") {
						out[imports[pkg.Name]+"."+x.Sel.Name] = true
						return false
					}
				case *ast.Ident:
					if strings.HasPrefix(x.Name, "Err") {
						out[dir+"."+x.Name] = true
					}
				}
				return true
			})
			return true
		})
	}
	return out
}

// constants are the codes that code.go defines, each of which says what it means.
func constants(t *testing.T) map[string]verdict.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]verdict.Code{}
	for _, decl := range file.Decls {
		list, ok := decl.(*ast.GenDecl)
		if !ok || list.Tok != token.CONST {
			continue
		}
		for _, spec := range list.Specs {
			c := spec.(*ast.ValueSpec)
			text, err := strconv.Unquote(c.Values[0].(*ast.BasicLit).Value)
			if err != nil || !strings.HasPrefix(c.Comment.Text(), "refused") && !strings.HasPrefix(c.Comment.Text(), "unchecked") {
				t.Errorf("%s does not say of which kind it is", c.Names[0])
			}
			out[c.Names[0].Name] = verdict.Code(text)
		}
	}
	return out
}

func isTable(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name == "Table"
	case *ast.SelectorExpr:
		return x.Sel.Name == "Table"
	}
	return false
}

// TestEverySentinelHasARow: a new sentinel would reach people as an unknown error.
func TestEverySentinelHasARow(t *testing.T) {
	rows := map[string]bool{}
	for _, dir := range tables {
		found := named(t, dir)
		if len(found) == 0 {
			t.Errorf("no rows in %s", dir)
		}
		for name := range found {
			rows[name] = true
		}
	}
	total := 0
	for _, dir := range judged {
		found := sentinels(t, dir)
		if len(found) == 0 {
			t.Errorf("%s has no sentinels: is it the right folder?", dir)
		}
		for _, name := range found {
			if !rows[name] {
				t.Errorf("%s has no row", name)
			}
		}
		total += len(found)
	}
	if total < 200 {
		t.Errorf("only %d sentinels were looked at", total)
	}
}

// TestEveryRoleIsLookedAt: a package of the roles that is not in the lists above
// would go unseen.
func TestEveryRoleIsLookedAt(t *testing.T) {
	// Drivers, setup and programs, whose errors wrap those of the packages above.
	children := map[string]bool{"status/endpoint": true, "did/web": true, "vault/sqlitevault": true, "verifier/sqlitestore": true, "publish/remote": true, "openid/qrimage": true, "zkp/compare": true, "zkp/prover/anchored": true,
		"wallet/issuer/endpoint": true, "verifier/endpoint": true}
	for _, root := range []string{"did", "credential", "status", "zkp", "openid", "predicate", "identity", "provenance", "publish", "vault", "wallet", "verifier"} {
		err := filepath.WalkDir(filepath.Join("..", root), func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() || strings.Contains(name, "testdata") {
				return err
			}
			dir := filepath.ToSlash(strings.TrimPrefix(name, ".."+string(filepath.Separator)))
			if sources, _ := filepath.Glob(filepath.Join(name, "*.go")); len(sources) == 0 || children[dir] {
				return nil
			}
			for _, known := range judged {
				if known == dir {
					return nil
				}
			}
			if found := sentinels(t, dir); len(found) > 0 {
				t.Errorf("%s has sentinels and is not looked at: %v", dir, found)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryJudgingMethodIsWrapped: each exported method of the wallet and of the
// desk that returns an error begins with defer judge, or with it after the hooks.
func TestEveryJudgingMethodIsWrapped(t *testing.T) {
	// KeepPrepared returns ErrConfig or the context's error, Close none, and TakeUp those of
	// methods that judge.
	judgesNothing := map[string]bool{"KeepPrepared": true, "Close": true, "TakeUp": true}
	wrapped := 0
	for dir, receiver := range map[string]string{"wallet": "Wallet", "wallet/issuer": "Desk"} {
		for _, file := range parse(t, dir) {
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || !f.Name.IsExported() || receiverOf(f) != receiver || !returnsError(f) || judgesNothing[f.Name.Name] {
					continue
				}
				wrapped++
				if !beginsWithJudge(f) {
					t.Errorf("%s.%s does not begin with defer judge", receiver, f.Name.Name)
				}
			}
		}
	}
	if wrapped < 10 {
		t.Errorf("only %d methods were looked at", wrapped)
	}
}

func receiverOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	star, ok := f.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return ""
	}
	name, _ := star.X.(*ast.Ident)
	return name.Name
}

func returnsError(f *ast.FuncDecl) bool {
	if f.Type.Results == nil {
		return false
	}
	last := f.Type.Results.List[len(f.Type.Results.List)-1]
	name, ok := last.Type.(*ast.Ident)
	return ok && name.Name == "error"
}

// beginsWithJudge looks for defer judge, after a defer that reports the end of the
// call: that one must run last.
func beginsWithJudge(f *ast.FuncDecl) bool {
	for _, statement := range f.Body.List[:min(2, len(f.Body.List))] {
		call, ok := statement.(*ast.DeferStmt)
		if !ok {
			return false
		}
		switch name := call.Call.Fun.(type) {
		case *ast.Ident:
			return name.Name == "judge"
		case *ast.SelectorExpr:
			if name.Sel.Name != "ended" {
				return false
			}
		}
	}
	return false
}
