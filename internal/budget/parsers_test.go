package budget_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// reader names what reads bytes from outside. Methods that sign or store take bytes,
// too, and read nothing.
var reader = regexp.MustCompile(`^(Parse|Read|Decode|Unmarshal|Inspect|Object|Value|Root|Import|Verify|Open|Cosign|Receive|Resolve|Apply|Answer|Reissue|Publish|Keep|Add)`)

// elsewhere are parsers that need more than bytes, with the test that holds them to a
// budget, in the test files of their package or of this one.
var elsewhere = map[string]string{
	"verifier.Verifier.Verify":      "TestHostileAnswers",
	"wallet/issuer.Desk.Import":     "TestTableBudget",
	"certpath.ParseAnchors":         "TestCertificatesBudget",
	"certpath.CRLs.Add":             "TestCertificatesBudget",
	"ledger/cometlog.ParseGenesis":  "TestBudgets",
	"ledger/cometlog.ParseMember":   "TestBudgets",
	"ledger/internal/statemap.Root": "TestBudget",
	"zkp.ParseProof":                "TestFixedSizes",
	"zkp.ParseSignature":            "TestFixedSizes",
	"zkp.ParsePrepared":             "TestFixedSizes",
	"zkp.VerifyCounts":              "TestCountsBudget",
}

// exempt are functions of such a name that read nothing new, with the reason.
var exempt = map[string]string{
	"provenance.ParseExistence":                   "at most MaxExistence bytes in pieces of 32, copied once",
	"wallet.Wallet.ReceiveExistence":              "provenance.ParseExistence reads it",
	"status.octets.UnmarshalCBOR":                 "within status.ParseCWT and ParseListCBOR",
	"wallet.Wallet.ReceiveCopies":                 "credential.Parse reads each copy, as in Receive",
	"wallet.Wallet.KeepSession":                   "keeps what package wallet/client wrote",
	"openid.ParseExistence":                       "the same reader as openid.ParseReissue",
	"vault/postgresvault.Open":                    "one row of the database, whose address its operator gives",
	"internal/limits.ReadFile":                    "bounds what others parse",
	"internal/httpserve.tooLarge.Read":            "reads nothing",
	"credential.Path.UnmarshalJSON":               "within credential.ParseSchema and openid.ParseQuery",
	"openid.Hash.UnmarshalText":                   "within openid.ParseQuery",
	"openid.Values.UnmarshalJSONFrom":             "within openid.ParseQuery",
	"openid.Predicate.UnmarshalJSONFrom":          "within openid.ParseQuery",
	"openid.Acceptance.UnmarshalJSONFrom":         "within openid.ParseQuery",
	"openid.Configuration.UnmarshalJSONFrom":      "within openid.ParseIssuerMetadata",
	"openid.compact.UnmarshalJSONFrom":            "within openid.ParseCredentialResponse",
	"internal/strictjson.Since.UnmarshalJSONFrom": "one number, within strictjson.Read",
	"internal/strictjson.Until.UnmarshalJSONFrom": "one number, within strictjson.Read",
	"zkp/prover/ceremony.Hash.UnmarshalText":      "within ceremony.ParsePlan",
	"internal/openapitest.Parse":                  "a file of this repository, for tests",
	"internal/vectors.Read":                       "names a file of this repository, for tests",
	"did.ES256.Verify":                            "a signature over bytes that were read before",
	"did.EdDSA.Verify":                            "a signature over bytes that were read before",
	"ledger.ES256.Verify":                         "a signature over bytes that were read before",
	"ledger.ES256.ParseKey":                       "33 bytes, or refused",
	"ledger.Suites.ParseKey":                      "33 bytes, or refused",
	"ledger/cosign.Published.Add":                 "ledger.Cosignatures reads it",
	"ledger/machine.Replica.Add":                  "ledger.ParseSignedOperation and ParseStateLeaf read it",
	"ledger/remote.Client.AddCosignature":         "sends it",
	"ledger/sqlitelog.Log.AddCosignature":         "ledger.Cosignatures reads it",
	"publish.Folder.Publish":                      "our own status list, on its way out",
	"publish.Memory.Publish":                      "our own status list, on its way out",
	"publish.Folder.PublishSchema":                "credential.ParseSchema reads it",
	"publish.Memory.PublishSchema":                "credential.ParseSchema reads it",
	"publish.Folder.PublishKey":                   "stores it under its hash",
	"publish.Memory.PublishKey":                   "stores it under its hash",
	"agency.ParseKey":                             "crypto/x509 reads it, at most 64 KiB of our own key",
	"folder.Agency.PublishType":                   "credential.ParseSchema reads it",
	"folder.Counter.KeepPolicy":                   "verifier.ParsePolicy reads it",
	"folder.ReadFile":                             "copies at most as many bytes as its caller allows",
	"folder.ReadMessage":                          "openid.ParseQRText reads it",
	"folder.ReadTrust":                            "ledger.ParseTrust reads it",
	"verifier.Verifier.VerifyOnce":                "Verify reads it",
	"wallet.Wallet.Apply":                         "openid.ParseCredentialOffer reads it",
	"wallet.Wallet.ResolveOffer":                  "openid.ParseCredentialOffer reads it",
	"wallet.Wallet.Receive":                       "openid.ParseCredentialResponse and credential.Parse read it",
	"wallet.Wallet.ReceiveReissue":                "openid.ParseCredentialResponse and credential.Parse read it",
	"wallet.Wallet.ResolveRequest":                "openid.ParseRequest and ledger.ParseProof read it",
	"wallet/issuer.Desk.Answer":                   "openid.ParseRequestEnvelope reads it",
	"wallet/issuer.Desk.Reissue":                  "openid.ParseReissue reads it",
}

// exemptByPlace are functions that take the name of a folder or a passphrase, no bytes.
// What lies in the folder is read by functions that are listed.
var exemptByPlace = regexp.MustCompile(`^(folder\.(ReadCard|ReadLedger|Open\w+|Home\.Open\w+)|hufutest\..*|zkp/prover\.Open|vault/sqlitevault\.Open|verifier/sqlitestore\.Open|` +
	`ledger/machine/sqlitestore\.Open|ledger/sqlitelog\.Open(Witness)?|ledger/remote\.(Open|OpenJoined)|ledger/cosign\.ReadKey|ledger/cometlog\.(Open|ReadConfig|ReadGenesis|ReadMember))$`)

// TestEveryParserHasABudget: every function that reads bytes has a row.
func TestEveryParserHasABudget(t *testing.T) {
	found := parsers(t)
	if len(found) < 100 {
		t.Fatalf("only %d functions were found", len(found))
	}
	held := doors(t)
	for name, folder := range found {
		_, budgeted := held[name]
		test, other := elsewhere[name]
		_, excused := exempt[name]
		rows := 0
		for _, has := range []bool{budgeted, other, excused, exemptByPlace.MatchString(name)} {
			if has {
				rows++
			}
		}
		if rows != 1 {
			t.Errorf("%s has %d rows in doors, elsewhere or exempt, and needs one", name, rows)
		}
		if call := "func " + test + "("; other && !holds(t, folder, call) && !holds(t, "internal/budget", call) {
			t.Errorf("%s: neither its package nor this one has %s", name, test)
		}
	}
	for _, rows := range []map[string]string{elsewhere, exempt} {
		for name := range rows {
			if _, ok := found[name]; !ok {
				t.Errorf("%s is no function that reads", name)
			}
		}
	}
	for name := range held {
		if _, ok := found[name]; !ok {
			t.Errorf("%s is no function that reads", name)
		}
	}
}

// parsers finds every exported function and method with such a name that takes bytes, a
// text or a reader, in both modules, and the folder of each.
func parsers(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	walk(t, func(folder string, _ *token.FileSet, file *ast.File) {
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Name.IsExported() && reader.MatchString(f.Name.Name) && takesBytes(f) {
				out[folder+"."+receiver(f)+f.Name.Name] = folder
			}
		}
	})
	return out
}

// walk parses every file of both modules but tests, and names its folder.
func walk(t *testing.T, visit func(folder string, files *token.FileSet, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"testdata", "compare"}, d.Name())) {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		visit(filepath.ToSlash(folder), files, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	return strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*") + "."
}

// takesBytes reports whether a function takes bytes, a reader or a decoder; a text
// counts for functions that parse, decode or inspect.
func takesBytes(f *ast.FuncDecl) bool {
	parses := regexp.MustCompile(`^(Parse|Read|Decode|Unmarshal|Inspect)`).MatchString(f.Name.Name)
	return slices.ContainsFunc(f.Type.Params.List, func(p *ast.Field) bool {
		switch types.ExprString(p.Type) {
		case "[]byte", "io.Reader", "*jsontext.Decoder":
			return true
		case "string":
			return parses
		}
		return false
	})
}

func holds(t *testing.T, folder, text string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), text) {
			return true
		}
	}
	return false
}
