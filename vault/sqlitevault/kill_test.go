package sqlitevault_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// doomedVar makes this test binary the wallet that is killed: it names a folder
// with the ledger, the vault, the requests and the file of what was shown.
const doomedVar = "HUFU_TEST_DOOMED_WALLET"

func TestMain(m *testing.M) {
	if dir := os.Getenv(doomedVar); dir != "" {
		fmt.Fprintln(os.Stderr, presentForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// leak is a prover that proves nothing, and writes down each commitment in the
// moment in which a show of it may leave the wallet.
type leak struct{ shown *os.File }

func (l leak) Prepare(_ context.Context, w *zkp.PrepareWitness) (*zkp.Prepared, error) {
	_, _, g1, g2 := bn254.Generators()
	return &zkp.Prepared{Epoch: w.Epoch.Number, Blinding: w.Blinding, Proof: zkp.Proof{A: g1, B: g2, C: g1}}, nil
}

func (l leak) Show(_ context.Context, a *zkp.Answer) (out []*zkp.Presentation, err error) {
	for i, part := range a.Parts {
		com := part.Commitment.Bytes()
		if _, err := fmt.Fprintln(l.shown, hex.EncodeToString(com[:])); err != nil {
			return nil, err
		}
		out = append(out, a.Presentation(i, []zkp.Proof{part.Prepared.Proof}))
	}
	time.Sleep(rand.N(40 * time.Millisecond)) // a real show takes as long
	return out, nil
}

// presentForEver is the doomed process: it fills its pool and answers requests
// until it dies.
func presentForEver(dir string) error {
	ctx := context.Background()
	shown, err := os.OpenFile(filepath.Join(dir, "shown"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	clock, err := os.ReadFile(filepath.Join(dir, "clock"))
	if err != nil {
		return err
	}
	now, err := time.Parse(time.RFC3339Nano, string(clock))
	if err != nil {
		return err
	}
	log, err := sqlitelog.Open(ctx, filepath.Join(dir, "ledger"), new(zkp.Accumulator), sqlitelog.Options{Clock: func() time.Time { return now }})
	if err != nil {
		return err
	}
	store, err := sqlitevault.Open(ctx, filepath.Join(dir, "wallet.db"), passphrase, sqlitevault.Options{})
	if err != nil {
		return err
	}
	w, err := openWallet(ctx, store, log, log.Trust(), now, new(publish.Memory), leak{shown})
	if err != nil {
		return err
	}
	request, err := os.ReadFile(filepath.Join(dir, "request"))
	if err != nil {
		return err
	}
	for {
		if _, err := w.Prepare(ctx, 3); err != nil {
			return err
		}
		ask, err := w.ResolveRequest(ctx, request)
		if err != nil {
			return err
		}
		choice := slices.IndexFunc(ask.Choices, func(c wallet.Choice) bool { return c.Parts[0].Query == hufutest.Proof })
		if _, err := w.Present(ctx, ask, wallet.Consent{Choice: choice}); err != nil {
			return err
		}
	}
}

func openWallet(ctx context.Context, store vault.Store, log ledger.Ledger, trust *ledger.TrustFile, now time.Time, public publish.Source, p wallet.Prover) (*wallet.Wallet, error) {
	clock := func() time.Time { return now }
	client, err := ledger.NewClient(ctx, trust, log, vault.NewTrustStore(store, trust.Origin), ledger.ClientOptions{Clock: clock})
	if err != nil {
		return nil, err
	}
	return wallet.New(wallet.Config{
		Store: store, Keys: vault.NewSoftwareKeys(store), Ledger: client, Sets: log, Public: public, Clock: clock, Prover: p,
	})
}

// A wallet that is killed at any moment never shows a prepared proof twice: its pool is
// in memory and dies with it.
func TestKilledWalletReusesNothing(t *testing.T) {
	long.NotShort(t, "kills processes")
	dir := t.TempDir()
	prepareDoomed(t, dir)
	kills := long.Or(25, 2000)
	for range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), doomedVar+"="+dir)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		before := len(shown(t, dir))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); len(shown(t, dir)) == before; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("it presents nothing: %s", stderr.String())
			}
		}
		time.Sleep(rand.N(150 * time.Millisecond))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if _ = cmd.Wait(); cmd.ProcessState.Exited() {
			t.Fatalf("it died by itself: %s", stderr.String())
		}
	}
	seen := map[string]bool{}
	for _, com := range shown(t, dir) {
		if seen[com] {
			t.Fatalf("of %d shows, two are of one prepared proof", len(shown(t, dir)))
		}
		seen[com] = true
	}
	t.Logf("%d kills, %d shows", kills, len(seen))
	left := open(t, filepath.Join(dir, "wallet.db"))
	err := left.View(t.Context(), func(tx vault.Tx) error {
		records, err := tx.List("prepared")
		if len(records) != 0 { // a restored copy would show it again
			t.Error("a prepared proof is on the disk")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// shown lists the whole lines of what was shown.
func shown(t *testing.T, dir string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "shown"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	return lines[:len(lines)-1]
}

// prepareDoomed makes a ledger, a request and a vault that holds a credential.
func prepareDoomed(t *testing.T, dir string) {
	t.Helper()
	c := hufutest.New(t, hufutest.Options{})
	c.UseSketch(leak{})
	store, err := sqlitevault.Create(t.Context(), filepath.Join(dir, "wallet.db"), passphrase, quick)
	if err != nil {
		t.Fatal(err)
	}
	w, err := openWallet(t.Context(), store, c.Log, c.Log.Trust(), c.Now(), c.Public, leak{})
	if err != nil {
		t.Fatal(err)
	}
	c.Hold(&hufutest.Holder{Wallet: w, Store: store}, c.Adult())
	c.NextEpoch()
	files := map[string][]byte{
		"request": c.AskText(c.Counter(c.Policy(nil))), "shown": nil,
		"clock": []byte(c.Now().Format(time.RFC3339Nano)),
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(c.Dir, filepath.Join(dir, "ledger")); err != nil {
		t.Fatal(err)
	}
}
