package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// serving is hufu issuer serve in this process.
type serving struct {
	address, fingerprint, token string
	lastID                      string // of an offer
	stop                        func()
	done                        chan error
}

func startIssuer(t *testing.T, args ...string) *serving {
	t.Helper()
	return start(t, append([]string{"issuer", "serve", "--json", "--dir", "issuer", "--addr"}, args...)...)
}

// start runs a server until it says where it serves.
func start(t *testing.T, args ...string) *serving {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	s := &serving{stop: stop, done: make(chan error, 1)}
	a := &app{in: strings.NewReader(""), out: in, err: io.Discard}
	root := a.rootCommand()
	root.SetArgs(args)
	go func() {
		err := root.ExecuteContext(ctx)
		s.done <- err
		_ = in.CloseWithError(err)
	}()
	t.Cleanup(stop)
	var ready struct{ Address, Fingerprint, Token string }
	for said := json.NewDecoder(out); ready.Address == ""; {
		if err := said.Decode(&ready); err != nil {
			t.Fatalf("it does not serve: %v", err)
		}
	}
	s.address, s.fingerprint, s.token = ready.Address, ready.Fingerprint, strings.TrimSpace(string(readFile(t, ready.Token)))
	return s
}

// end is Ctrl-C.
func (s *serving) end(t *testing.T) {
	t.Helper()
	s.stop()
	if err := <-s.done; err != nil {
		t.Fatalf("it ended with %v", err)
	}
}

const demoClaims = `{"given_name":"安宁","family_name":"周","birthdate":"1949-12-31","gender":"F","nationality":"CN",
	"resident_id_number":"11010519491231002X","age_over_18":true,
	"address":{"province":"北京市","city":"北京市","district":"东城区","street":"测试街7号"}}`

// offer has the agency's own program make one.
func (s *serving) offer(t *testing.T, more string) (link, txCode string) {
	t.Helper()
	var made struct {
		Offer  string `json:"offer"`
		TxCode string `json:"tx_code"`
		ID     string `json:"id"`
	}
	s.call(t, "POST", "/admin/offers", `{"credential_configuration_id":"resident-id","claims":`+demoClaims+more+`}`, &made)
	s.lastID = made.ID
	return made.Offer, made.TxCode
}

// call sends JSON with the server's token, and wants success.
func (s *serving) call(t *testing.T, method, path, body string, into any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode/100 != 2 {
		t.Fatalf("%s: %s %s", path, answer.Status, text)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
}

// TestIssuerServe goes between the terminals: a desk that is served, and a wallet that takes
// a credential from it by a link.
func TestIssuerServe(t *testing.T) {
	if testing.Short() {
		t.Skip("founds an agency")
	}
	environment(t)
	t.Chdir(t.TempDir())
	t.Setenv("HUFU_LEDGER", "issuer/ledger")
	s := startIssuer(t, "127.0.0.1:0")
	if info, err := os.Stat("issuer/admin.token"); err != nil || info.Mode().Perm() != 0o600 || len(s.token) != 43 {
		t.Errorf("admin.token: %v, %d characters", err, len(s.token))
	}
	mustHufu(t, "wallet", "init", "--trust", "issuer/ledger/trust.json", "--fingerprint", s.fingerprint)
	link, code := s.offer(t, `,"tx_code":true`)

	for name, tt := range map[string]struct {
		args []string
		exit int
		says string
	}{
		"no code and no terminal": {[]string{"--local", "--yes"}, exitUsage, "--tx-code"},
		"nobody agrees":           {[]string{"--local", "--tx-code", code}, exitUsage, "--yes"},
		"a code of another form":  {[]string{"--local", "--yes", "--tx-code", "12"}, exitRefused, "transaction code"},
		"not on this machine":     {[]string{"--yes", "--tx-code", code}, exitRefused, "not a secure one"},
		"in Chinese":              {[]string{"--lang", "zh", "--yes", "--tx-code", code}, exitRefused, "没有发送任何内容"},
	} {
		if got := hufu(append([]string{"wallet", "receive", link}, tt.args...)...); got.code != tt.exit || !strings.Contains(got.err, tt.says) {
			t.Errorf("%s: exit %d, %s", name, got.code, got.err)
		}
	}
	got := mustHufu(t, "wallet", "receive", link, "--local", "--yes", "--tx-code", code)
	for _, says := range []string{"Demonstration Residents' Office offers you a credential: resident-id", "The offer comes from " + s.address, "Checked and stored"} {
		if !strings.Contains(got.stdout, says) {
			t.Errorf("it does not say %q: %s", says, got.stdout)
		}
	}
	if got := mustHufu(t, "wallet", "list"); !strings.Contains(got.stdout, "resident-id, from Demonstration Residents' Office: valid") {
		t.Errorf("list: %s", got.stdout)
	}
	if got := mustHufu(t, "wallet", "continue"); !strings.Contains(got.stdout, "Nothing waits") {
		t.Errorf("continue: %s", got.stdout)
	}
	again := hufu("wallet", "receive", link, "--local", "--yes", "--tx-code", code)
	if again.code != exitRefused || !strings.Contains(again.err, "used before") {
		t.Errorf("a used offer: exit %d, %s", again.code, again.err)
	}
	s.end(t)
	if got := hufu("issuer", "serve", "--dir", "issuer", "--addr", "127.0.0.1:0"); got.code != exitUsage || !strings.Contains(got.err, s.address) {
		t.Errorf("at another address: exit %d, %s", got.code, got.err)
	}
	deferred(t, strings.TrimPrefix(s.address, "http://"))
}

// deferred starts the same desk again: a clerk has to approve, and the wallet continues.
func deferred(t *testing.T, address string) {
	s := startIssuer(t, address)
	defer s.end(t)
	link, _ := s.offer(t, `,"deferred":true,"replaces":true`)
	if err := os.WriteFile("offer.txt", []byte(link+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := mustHufu(t, "wallet", "receive", "offer.txt", "--local", "--yes"); !strings.Contains(got.stdout, "hufu wallet continue") {
		t.Errorf("deferred: %s", got.stdout)
	}
	if got := mustHufu(t, "wallet", "continue", "--local"); !strings.Contains(got.stdout, "not ready") {
		t.Errorf("before its time: %s", got.stdout)
	}
	if got := mustHufu(t, "wallet", "continue", "--abandon"); !strings.Contains(got.stdout, "Given up: resident-id") {
		t.Errorf("abandoned: %s", got.stdout)
	}
}

// TestIssuerServeRefuses: nothing is made where nothing could be served.
func TestIssuerServeRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{
		{"--addr", "0.0.0.0:0"}, {"--addr", "example.org:80"}, {"--addr", "nonsense"}, {"--cert", "none.pem", "--key", "none.key"},
	} {
		want := exitUsage
		if args[0] == "--cert" {
			want = exitUnknown
		}
		var out, errOut bytes.Buffer
		if code := run(append([]string{"issuer", "serve", "--dir", "issuer"}, args...), strings.NewReader(""), &out, &errOut); code != want {
			t.Errorf("%v: exit %d, %s", args, code, errOut.String())
		}
		if _, err := os.Stat("issuer"); err == nil {
			t.Fatalf("%v: a folder was made", args)
		}
	}
}
