// Package embed tests the three programs of its folders, and counts their lines.
package embed

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/publish"
	files "github.com/hufu-id/hufu/publish/remote"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

const (
	vct    = "urn:example:resident:1"
	region = "110101"
	table  = "name,resident_id,birthdate,district,address\n周安宁,110101198402290076,1984-02-29,110101,测试街7号\n"
)

// TestLines holds the programs to the sizes that README.md states.
func TestLines(t *testing.T) {
	for program, most := range map[string]int{"wallet": 160, "kiosk": 120, "desk": 120, "edge": 85} {
		n := 0
		sources, err := filepath.Glob(filepath.Join(program, "*.go"))
		if err != nil || len(sources) == 0 {
			t.Fatal("no source of", program, err)
		}
		for _, source := range sources {
			b, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(b), "hufu/internal/") {
				t.Errorf("%s imports what others cannot", source)
			}
			for line := range strings.Lines(string(b)) {
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
					n++
				}
			}
		}
		if n > most {
			t.Errorf("%s has %d lines, more than %d", program, n, most)
		}
		t.Logf("%s: %d of %d lines", program, n, most)
	}
}

// country is a ledger on loopback with its root agency.
type country struct {
	*testing.T
	root        *agency.Agency
	client      *ledger.Client
	address     string
	fingerprint string
	keys        string // folder of proving keys
}

func none(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func found(t *testing.T) *country {
	t.Helper()
	ctx, store, dir := t.Context(), vault.NewMemoryStore(), t.TempDir()
	root, err := agency.PrepareRoot(ctx, store, agency.Options{})
	none(t, err)
	log, err := sqlitelog.Init(ctx, filepath.Join(dir, "ledger"), "embed.example/ledger", new(zkp.Accumulator), root.Key,
		sqlitelog.InitOptions{NextKeys: [][32]byte{root.Next}, Deciders: []ledger.Decider{root.Decider}, EpochLength: 2 * time.Second})
	none(t, err)
	client, err := ledger.NewClient(ctx, log.Trust(), log, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	none(t, err)
	c := &country{T: t, client: client}
	c.root, err = agency.Open(ctx, store, client, log, agency.Options{})
	none(t, err)
	folder := publish.Folder(filepath.Join(dir, "public"))
	c.publish(folder)
	pages := http.NewServeMux()
	pages.Handle("/v1/", remote.NewHandler(log, log.Trust(), remote.HandlerOptions{}))
	pages.Handle("/public/", http.StripPrefix("/public", files.NewHandler(folder)))
	server := httptest.NewServer(pages)
	fingerprint := log.Trust().Fingerprint()
	c.address, c.fingerprint = server.URL, hex.EncodeToString(fingerprint[:])
	done, stop := context.WithCancel(context.Background())
	beaten := make(chan struct{})
	go func() {
		defer close(beaten)
		for done.Err() == nil {
			if _, err := log.Heartbeat(done); err != nil && done.Err() == nil {
				t.Error(err)
			}
			time.Sleep(500 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { stop(); <-beaten; server.Close(); log.Close() })
	return c
}

// publish puts the schema and the development keys where everybody finds them.
func (c *country) publish(folder publish.Folder) {
	c.Helper()
	ctx := c.Context()
	file, err := os.ReadFile("desk/schema.json")
	none(c.T, err)
	schema, err := folder.PublishSchema(ctx, file)
	none(c.T, err)
	none(c.T, c.root.PublishSchema(ctx, schema))
	cache, err := os.UserCacheDir()
	none(c.T, err)
	keys, err := prover.DevelopmentKeys(ctx, cache, nil)
	none(c.T, err)
	manifests, err := filepath.Glob(filepath.Join(cache, "hufu", "zkp", "*", "manifest.json"))
	none(c.T, err)
	for _, manifest := range manifests { // one for each version of the circuits that was here
		if _, err := prover.Open(filepath.Dir(manifest)); err == nil {
			c.keys = filepath.Dir(manifest)
		}
	}
	for _, circuit := range prover.Circuits() {
		b, hash, err := keys.VerifyingKey(circuit)
		none(c.T, err)
		none(c.T, folder.PublishKey(ctx, b))
		key, err := zkp.ParseVerifyingKey(b, hash, zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})
		none(c.T, err)
		none(c.T, c.root.PublishVerifyingKeys(ctx, [32]byte{}, key))
	}
}

// program is one of the three while it runs.
type program struct {
	t     *testing.T
	dir   string
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string
}

func (c *country) start(name, dir string, args ...string) *program {
	c.Helper()
	p := &program{t: c.T, dir: dir, lines: make(chan string, 100)}
	p.cmd = exec.Command(filepath.Join(filepath.Dir(dir), name), append([]string{"-ledger", c.address, "-fingerprint", c.fingerprint}, args...)...)
	p.cmd.Dir, p.cmd.Stderr = dir, os.Stderr
	p.cmd.Env = append(os.Environ(), "HUFU_PASSPHRASE=only a test", "LANG=en_GB.UTF-8")
	var err error
	p.in, err = p.cmd.StdinPipe()
	none(c.T, err)
	out, err := p.cmd.StdoutPipe()
	none(c.T, err)
	none(c.T, p.cmd.Start())
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	c.Cleanup(p.kill)
	return p
}

func (p *program) kill() {
	_ = p.cmd.Process.Kill() // it may be over
	_ = p.cmd.Wait()
}

// say types lines, and waits for one that begins with an answer.
func (p *program) say(want string, lines ...string) string {
	p.t.Helper()
	for _, line := range lines {
		_, err := io.WriteString(p.in, line+"\n")
		none(p.t, err)
	}
	late := time.After(time.Minute)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("over before it said %q", want)
			}
			p.t.Log(line)
			if strings.HasPrefix(line, want) {
				return line
			}
		case <-late:
			p.t.Fatalf("never said %q", want)
		}
	}
}

// did waits until a program is ready, and returns the DID that it prints.
func (p *program) did() string {
	p.t.Helper()
	return strings.TrimPrefix(p.say("ready "), "ready ")
}

// admit takes the application that a program left in its folder to the root agency.
func (c *country) admit(p *program) {
	c.Helper()
	p.say("application")
	b, err := os.ReadFile(filepath.Join(p.dir, "application"))
	none(c.T, err)
	application, err := ledger.ParseSignedOperation(b)
	none(c.T, err)
	_, err = c.root.Admit(c.Context(), application)
	none(c.T, err)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	none(t, err)
	defer l.Close()
	return l.Addr().String()
}

func get(t *testing.T, address string) (int, []byte) {
	t.Helper()
	for range 100 {
		r, err := http.Get(address)
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		none(t, err)
		return r.StatusCode, b
	}
	t.Fatal("nobody listens at", address)
	return 0, nil
}

// TestStrangers: an office issues, a citizen proves, a counter decides, each a program
// that only its own folder and the public interface know.
func TestStrangers(t *testing.T) {
	long.NotShort(t, "builds three programs and makes proofs")
	base := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", base+"/bin/", "./wallet", "./kiosk", "./desk").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dirs := map[string]string{}
	for _, name := range []string{"wallet", "kiosk", "desk"} {
		dirs[name] = filepath.Join(base, "bin", name+".d")
		none(t, os.Mkdir(dirs[name], 0o700))
	}
	c := found(t)
	deskAt, kioskAt := freeAddress(t), freeAddress(t)
	public := []string{c.address + "/public", "http://" + deskAt + "/public"}

	none(t, os.WriteFile(filepath.Join(dirs["desk"], "residents.csv"), []byte(table), 0o600))
	desk := c.start("desk", dirs["desk"], "-init", "-listen", deskAt, "-region", region, "-refresh", "1s")
	kioskArgs := []string{"-listen", kioskAt, "-url", "http://" + kioskAt, "-allow-single-party-unsafe"}
	kiosk := c.start("kiosk", dirs["kiosk"], slices.Concat(kioskArgs, []string{"-init"}, public)...)
	c.admit(desk)
	office := desk.did()
	none(t, c.root.Accredit(t.Context(), agency.Grant{To: office, Action: ledger.ActionIssue, Type: vct, Region: region, Subject: ledgertest.SubjectOf(office)}))
	c.admit(kiosk)
	counter := kiosk.did()
	none(t, c.root.Accredit(t.Context(), agency.Grant{To: counter, Action: ledger.ActionVerify, Type: vct, Region: region, Subject: ledgertest.SubjectOf(counter)}))

	citizen := c.start("wallet", dirs["wallet"], append([]string{"-init", "-keys", c.keys}, public...)...)
	citizen.say("ready")
	offers, err := filepath.Glob(filepath.Join(dirs["desk"], "offer-*.json"))
	if err != nil || len(offers) != 1 {
		t.Fatal("offers:", offers, err)
	}
	for list := ledger.StatusKey(office, issuer.StatusURI(office, "example.resident/1", 1)); ; time.Sleep(500 * time.Millisecond) {
		if _, err := c.client.Get(t.Context(), list); err == nil {
			break
		} else if !errors.Is(err, ledger.ErrAbsent) {
			t.Fatal(err)
		}
	}
	citizen.say("received "+vct, "take http://"+deskAt+" "+offers[0])
	citizen.say("prepared")

	request := filepath.Join(base, "request.jwt")
	ask := func() {
		t.Helper()
		status, b := get(t, "http://"+kioskAt+"/request")
		if status != http.StatusOK {
			t.Fatalf("%d: %s", status, b)
		}
		none(t, os.WriteFile(request, b, 0o600))
	}
	shown := func(wants ...string) {
		t.Helper()
		_, b := get(t, "http://"+kioskAt+"/outcome")
		for _, want := range wants {
			if !json.Valid(b) || !strings.Contains(string(b), want) {
				t.Errorf("the screen shows %s, and not %q", b, want)
			}
		}
	}
	ask()
	citizen.say("accepted", "answer "+request, "0")
	shown("aged 18 or over", `"format":"dc+sd-jwt_zk"`)

	kiosk.kill() // and what it accepted stays accepted
	kiosk = c.start("kiosk", dirs["kiosk"], append(kioskArgs, public...)...)
	kiosk.did()
	get(t, "http://"+kioskAt+"/outcome")
	citizen.say("! This request was answered before, and an answer counts once. Ask again.", "answer "+request, "0")

	ask()
	desk.say("revoked", filepath.Base(offers[0]))
	revoked := citizen.say("! ", "answer "+request, "1")
	if !strings.Contains(revoked, "revoked") {
		t.Errorf("a revoked credential: %s", revoked)
	}
	shown(`"refused":true`, `"code":"revoked"`)
}
