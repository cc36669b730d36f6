package openid_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/openid"
)

const transactionText = `{"type":"urn:hufu:transaction:document:1","credential_ids":["pid","flag"],"transaction_data_hashes_alg":["sha-512","sha-256"],` +
	`"label":{"en":"Lease","zh":"租约"},"document_hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`

// withTransactions is a request whose transaction_data are these texts.
func withTransactions(t *testing.T, texts ...string) (*openid.AuthorizationRequest, error) {
	t.Helper()
	request := overHTTP(t, openid.ClientRedirectURI, "https://counter.example/response")
	values, err := request.Parameters()
	if err != nil {
		t.Fatal(err)
	}
	for i := range texts {
		texts[i] = base64.RawURLEncoding.EncodeToString([]byte(texts[i]))
	}
	list, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	values.Set("transaction_data", string(list))
	return openid.ParseParameters(values)
}

func TestTransactionData(t *testing.T) {
	for name, tt := range map[string]refusal{
		"as it is":              {old: "Lease", new: "Lease"},
		"without hash names":    {old: `"transaction_data_hashes_alg":["sha-512","sha-256"],`},
		"unknown type":          {old: "document:1", new: "document:2", want: openid.ErrTransactionData},
		"no type":               {old: `"type":"urn:hufu:transaction:document:1",`, want: openid.ErrTransactionData},
		"unknown member":        {old: `"label"`, new: `"amount":1,"label"`, want: openid.ErrTransactionData},
		"member in other case":  {old: `"label"`, new: `"Label":{},"label"`, want: openid.ErrTransactionData},
		"null":                  {old: `"label"`, new: `"x":null,"label"`, want: openid.ErrTransactionData},
		"no credential":         {old: `["pid","flag"]`, new: `[]`, want: openid.ErrTransactionData},
		"unknown credential":    {old: `"flag"]`, new: `"none"]`, want: openid.ErrTransactionData},
		"no hash that we have":  {old: `["sha-512","sha-256"]`, new: `["sha-512"]`, want: openid.ErrTransactionData},
		"no hash":               {old: `["sha-512","sha-256"]`, new: `[]`, want: openid.ErrTransactionData},
		"label in one language": {old: `,"zh":"租约"`, want: openid.ErrTransactionData},
		"label turned round":    {old: "Lease", new: `Le\u202ease`, want: openid.ErrTransactionData},
		"long label":            {old: "Lease", new: strings.Repeat("x", 1001), want: openid.ErrTransactionData},
		"short document hash":   {old: "AAAA", new: "", want: openid.ErrTransactionData},
		"hash no base64url":     {old: "AAAA", new: "AA==", want: openid.ErrTransactionData},
		"large":                 {old: "Lease", new: strings.Repeat("x", 1<<17), want: openid.ErrTransactionData},
	} {
		_, err := withTransactions(t, string(edit(t, transactionText, tt.old, tt.new)))
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := make([]string, 17)
	for i := range many {
		many[i] = transactionText
	}
	if _, err := withTransactions(t, many...); !errors.Is(err, openid.ErrTransactionData) {
		t.Errorf("many: %v", err)
	}
}

// TestAuthorised: each transaction is authorised by one credential that it names, and
// nothing else is.
func TestAuthorised(t *testing.T) {
	other := strings.Replace(strings.Replace(transactionText, `["pid","flag"]`, `["flag"]`, 1), "Lease", "Sale", 1)
	request, err := withTransactions(t, transactionText, other)
	if err != nil {
		t.Fatal(err)
	}
	first, second := request.Transactions[0].Hash(), request.Transactions[1].Hash()
	both := []string{"pid", "flag"}
	claims := map[string]map[string]any{"pid": request.Authorises("pid", both), "flag": request.Authorises("flag", both)}
	if got, _ := claims["pid"]["transaction_data_hashes"].([]string); len(got) != 1 || got[0] != first || claims["pid"]["transaction_data_hashes_alg"] != "sha-256" {
		t.Errorf("%v", claims["pid"])
	}
	if got, _ := request.Authorises("flag", []string{"flag"})["transaction_data_hashes"].([]string); len(got) != 2 {
		t.Errorf("alone: %v", got)
	}
	if got := request.Authorises("none", both); got != nil {
		t.Errorf("a query that no transaction names: %v", got)
	}
	list := func(hashes ...any) map[string]any { return map[string]any{"transaction_data_hashes": hashes} }
	for name, tt := range map[string]struct {
		bindings map[string]map[string]any
		ok       bool
	}{
		"as the wallet writes":  {map[string]map[string]any{"pid": list(first), "flag": list(second)}, true},
		"all by one":            {map[string]map[string]any{"flag": list(first, second)}, true},
		"nothing":               {map[string]map[string]any{"pid": {}}, false},
		"one is left":           {map[string]map[string]any{"pid": list(first)}, false},
		"by one not named":      {map[string]map[string]any{"pid": list(first, second)}, false},
		"twice":                 {map[string]map[string]any{"pid": list(first), "flag": list(first, second)}, false},
		"unasked":               {map[string]map[string]any{"flag": list(first, second, "x")}, false},
		"a number":              {map[string]map[string]any{"flag": list(first, second, 7)}, false},
		"no list":               {map[string]map[string]any{"flag": {"transaction_data_hashes": first}}, false},
		"an empty list":         {map[string]map[string]any{"pid": list(), "flag": list(first, second)}, false},
		"another hash function": {map[string]map[string]any{"flag": {"transaction_data_hashes": []any{first, second}, "transaction_data_hashes_alg": "sha-512"}}, false},
	} {
		if err := request.CheckAuthorised(tt.bindings); (err == nil) != tt.ok || err != nil && !errors.Is(err, openid.ErrTransactionData) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
