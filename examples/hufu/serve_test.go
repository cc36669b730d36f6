package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/folder/serve"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/zkp"
)

// served makes a ledger with short epochs in the working folder and serves it. It
// returns its address and the trust file's fingerprint; the root's key lies in
// root.key.
func served(t *testing.T) (address, fingerprint string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, "root.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	decider, _ := ledgertest.Decider(t, key)
	log, err := sqlitelog.Init(t.Context(), "served", "served.example", new(zkp.Accumulator), key,
		sqlitelog.InitOptions{EpochLength: 2 * time.Second, Deciders: []ledger.Decider{decider}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- serve.Ledger(ctx, log, folder.Public("served"), listener, serve.Options{Audit: time.Second, Heartbeat: 500 * time.Millisecond})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	print := log.Trust().Fingerprint()
	return "http://" + listener.Addr().String(), hex.EncodeToString(print[:])
}

// TestDemoElsewhere plays the demo, six attacks included, on a ledger that is
// served over HTTP and keeps its own time.
func TestDemoElsewhere(t *testing.T) {
	long.Landing(t, "plays the demo twice in real time")
	demoEnvironment(t)
	t.Chdir(t.TempDir())
	address, fingerprint := served(t)
	args := []string{"demo", "--ledger", "http://127.0.0.1:1," + address, "--trust", "served/trust.json", "--fingerprint", fingerprint, "--root-key", "root.key"}
	got := hufu(args...)
	if got.code != exitAccepted {
		t.Fatalf("exit code %d: %s\n%s", got.code, got.err, got.stdout)
	}
	assertSays(t, got.stdout, "1 node, of which 1 must sign", "✓ Accepted", "[epoch]", "[accreditation]", "Could not check")
	again := hufu(append(args, "--lang", "zh", "--explain")...)
	if again.code != exitAccepted {
		t.Fatalf("a second time on the same ledger: %s", again.err)
	}
	zh := sentences(t, "zh")
	assertSays(t, again.stdout, zh["explain.joined"], zh["explain.epoch-live"])
}

// TestJoin: a folder stands for a ledger elsewhere.
func TestJoin(t *testing.T) {
	environment(t)
	address, fingerprint := served(t)
	wrong := hufu("ledger", "join", "--at", address, "--trust", "served/trust.json", "--fingerprint", strings.Repeat("0", 64), "--ledger", "ours")
	if wrong.code == exitAccepted {
		t.Fatal("joined with a wrong fingerprint")
	}
	bad := hufu("ledger", "join", "--at", "ftp://example.org", "--trust", "served/trust.json", "--fingerprint", fingerprint, "--ledger", "ours")
	if bad.code == exitAccepted || !strings.Contains(bad.err, "not the address of a ledger") {
		t.Errorf("%q", bad.err)
	}
	mustHufu(t, "ledger", "join", "--at", address, "--trust", "served/trust.json", "--fingerprint", fingerprint, "--ledger", "ours")
	shown := mustHufu(t, "ledger", "show", "--ledger", "ours", "--json")
	if shown.field(t, "origin") != "served.example" {
		t.Errorf("%q", shown.stdout)
	}
	mustHufu(t, "ledger", "join", "--at", "http://127.0.0.1:1", "--trust", "served/trust.json", "--fingerprint", fingerprint, "--ledger", "nowhere")
	gone := hufu("ledger", "show", "--ledger", "nowhere")
	if gone.code == exitAccepted || !strings.Contains(gone.err, "No reply from the ledger") {
		t.Errorf("%q", gone.err)
	}
	if _, err := os.Stat("nowhere/log.db"); err == nil {
		t.Error("a ledger was made")
	}
}

// TestJoinedFiles: a counter of a ledger elsewhere reads the public files from its
// server, and works on while the server has lost them.
func TestJoinedFiles(t *testing.T) {
	fingerprint := newCountry(t)
	address := atAddress(t, "ledger")
	at := "http://127.0.0.1:1," + address
	mustHufu(t, "ledger", "join", "--at", at, "--trust", "ledger/trust.json", "--fingerprint", fingerprint, "--ledger", "ours")
	mustHufu(t, "counter", "init", "--counter", "branch", "--trust", "ours/trust.json", "--fingerprint", fingerprint)
	mustHufu(t, "agency", "admit", "branch/application", "--ledger", "ours")
	mustHufu(t, "request", "--counter", "branch", "--out", "branch.jwt")
	if kept, err := filepath.Glob("ours/public/*.type"); err != nil || len(kept) != 1 {
		t.Errorf("kept: %v, %v", kept, err)
	}
	if err := os.Rename("ledger/public", "ledger/away"); err != nil {
		t.Fatal(err)
	}
	mustHufu(t, "request", "--counter", "branch", "--out", "second.jwt")
	if err := os.RemoveAll("ours/public"); err != nil {
		t.Fatal(err)
	}
	gone := hufu("request", "--counter", "branch", "--out", "third.jwt")
	assertSentence(t, gone, exitUnknown)
}

// atAddress serves a ledger's folder until the test ends, and returns its address.
func atAddress(t *testing.T, dir string) (address string) {
	t.Helper()
	ahead, err := time.ParseDuration(os.Getenv("HUFU_DEMO_CLOCK_UNSAFE"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := folder.OpenLog(t.Context(), dir, folder.Options{Clock: func() time.Time { return time.Now().Add(ahead) }})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve.Ledger(ctx, log, folder.Public(dir), listener, serve.Options{}) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, log.Close()); err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

// TestWitnessElsewhere: a ledger of which two must sign, the second of them a
// witness that recomputes everything over HTTP.
func TestWitnessElsewhere(t *testing.T) {
	environment(t)
	vkey := mustHufu(t, "ledger", "witness", "init", "--dir", "witness", "--name", "court.example/w", "--json").field(t, "witness")
	mustHufu(t, "agency", "init", "--root", "--agency", "root")
	fingerprint := mustHufu(t, "ledger", "init", "--witness", vkey, "--k", "2", "--json").field(t, "fingerprint")
	log, err := folder.OpenLog(t.Context(), "ledger", folder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	server := httptest.NewServer(remote.NewHandler(log, log.Trust(), remote.HandlerOptions{}))
	t.Cleanup(server.Close)
	wrong := hufu("ledger", "witness", "run", "--dir", "nowhere", "--at", server.URL, "--trust", "ledger/trust.json", "--fingerprint", fingerprint)
	if wrong.code == exitAccepted || !strings.Contains(wrong.err, "cannot be opened") {
		t.Errorf("%q", wrong.err)
	}
	trust := log.Trust()
	w, err := sqlitelog.OpenWitness(t.Context(), "witness", trust, new(zkp.Accumulator), sqlitelog.WitnessOptions{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := remote.New(remote.Options{}, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Follow(ctx, client, witnessPause, nil) }()
	mustHufu(t, "ledger", "join", "--at", server.URL, "--trust", "ledger/trust.json", "--fingerprint", fingerprint, "--ledger", "ours")
	deadline := time.Now().Add(20 * time.Second)
	for hufu("ledger", "show", "--ledger", "ours").code != exitAccepted {
		if time.Now().After(deadline) {
			t.Fatal("two of two have signed, and it does not count")
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// TestDamagedLedgerIsServedNoLonger: a row changes on disk while it is served.
func TestDamagedLedgerIsServedNoLonger(t *testing.T) {
	environment(t)
	mustHufu(t, "agency", "init", "--root", "--agency", "root")
	mustHufu(t, "ledger", "init")
	log, err := folder.OpenLog(t.Context(), "ledger", folder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- serve.Ledger(t.Context(), log, folder.Public("ledger"), listener, serve.Options{Audit: 50 * time.Millisecond})
	}()
	db, err := sql.Open("sqlite3", "file:ledger/log.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE value SET value = CAST(value || x'00' AS BLOB)"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if !errors.Is(err, machine.ErrDamaged) {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("a damaged ledger is still served")
	}
}
