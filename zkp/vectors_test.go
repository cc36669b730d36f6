package zkp_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/zkp"
)

var update = flag.Bool("update", false, "write testdata/vectors.json again")

// vectors computes every known answer by its name, as hexadecimal.
func vectors(t testing.TB) map[string]string {
	out := map[string]string{}
	element := func(name string, e zkp.Element) {
		b := e.Bytes()
		out[name] = hex.EncodeToString(b[:])
	}
	for _, width := range []int{4, 8, 12, 16} {
		in := make([]zkp.Element, width)
		element(fmt.Sprintf("compress %d of zeros", width), zkp.Compress(width, in...))
		for i := range in {
			in[i] = number(uint64(i))
		}
		element(fmt.Sprintf("compress %d of 0, 1, 2 and so on", width), zkp.Compress(width, in...))
		element(fmt.Sprintf("compress %d of 1, 2, padded", width), zkp.Compress(width, number(1), number(2)))
	}
	for name, e := range zkp.Domains() {
		element("domain "+name, e)
	}
	element("schema cn.resident version 1", zkp.SchemaElement("cn.resident", 1))
	element("region 110101", zkp.RegionElement("110101"))
	element("text 张三", text(t, "张三"))
	element("date 1990-05-17", zkp.EncodeDate(day(t, "1990-05-17")))

	secret := newSecret("holder")
	scope, err := zkp.Scope{Kind: zkp.ScopeOnce, Owner: "did:hufu:counter", ID: "vote-2026"}.Element()
	if err != nil {
		t.Fatal(err)
	}
	element("scope once", scope)
	element("pseudonym", secret.Pseudonym(scope))
	attrs := zkp.Attributes{text(t, "张三"), zkp.EncodeDate(day(t, "1990-05-17"))}
	element("attribute hash", attrs.Hash())
	element("commitment", secret.Commit(&attrs, number(7)))

	key := newKey(t, "issuer").ProofKey()
	out["proof key"] = hex.EncodeToString(key.Bytes())
	issuance := zkp.IssuanceScope("did:hufu:office", "cn.resident")
	endorsement := zkp.Endorsement{Issuer: key, Region: "110101", NotBefore: 46325, NotAfter: 47056, Issuance: issuance}
	handle := endorsement.Handle()
	out["handle"] = hex.EncodeToString(handle[:])
	holder, err := secret.HolderCommitment(issuance)
	if err != nil {
		t.Fatal(err)
	}
	element("holder commitment", holder)
	message, err := endorsement.Message(zkp.SchemaElement("cn.resident", 1), holder, &attrs)
	if err != nil {
		t.Fatal(err)
	}
	element("issuance scope", message.Issuance)
	element("terms", message.Terms)
	treeVectors(t, element)
	return out
}

func treeVectors(t testing.TB, element func(string, zkp.Element)) {
	t.Helper()
	var a zkp.Accumulator
	for name, n := range map[string]int{"empty": 0, "of five": 5} {
		var leaves [][32]byte
		for i := range n {
			leaf := number(uint64(i + 1))
			leaves = append(leaves, leaf.Bytes())
		}
		registry, revocation, err := a.Roots(leaves, handles(t, n))
		if err != nil {
			t.Fatal(err)
		}
		for tree, root := range map[string][32]byte{"registry root ": registry, "revocation root ": revocation} {
			e, err := zkp.ParseElement(root[:])
			if err != nil {
				t.Fatal(err)
			}
			element(tree+name, e)
		}
	}
	entry := zkp.RegistryEntry{Key: newKey(t, "issuer").ProofKey(), Schema: zkp.SchemaElement("cn.resident", 1), Region: "110101", From: 1, Until: 2}
	element("registry leaf", entry.Leaf())
	element("set root of 3, 5 and 7", newSet(t, number(5), number(3), number(7)).Root())
}

// A changed answer is another suite: credentials and roots made before would
// no longer be understood.
func TestVectors(t *testing.T) {
	path := filepath.Join("testdata", "vectors.json")
	got, err := json.Marshal(vectors(t), json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	var known map[string]string
	if err := json.Unmarshal(want, &known); err != nil {
		t.Fatal(err)
	}
	for name, v := range vectors(t) {
		if known[name] != v {
			t.Errorf("%s: %s, known answer %q", name, v, known[name])
		}
	}
	t.Error("testdata/vectors.json is not what the package computes")
}
