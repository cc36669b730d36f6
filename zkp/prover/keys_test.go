package prover_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// Several callers meet an empty cache: one of them makes the keys, all of them
// open the same, and nothing else is left behind. What can then go wrong with
// the folder is told apart below.
func TestKeyFolder(t *testing.T) {
	long.NotShort(t, "makes keys")
	cache := t.TempDir()
	opened := make([]*prover.Prover, 3)
	var made sync.Map
	var wg sync.WaitGroup
	for i := range opened {
		wg.Go(func() {
			var err error
			opened[i], err = prover.DevelopmentKeys(context.Background(), cache, func(s prover.Step) { made.Store(i, s) })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	makers := 0
	made.Range(func(_, last any) bool {
		makers++
		if s := last.(prover.Step); s.Done != s.Total {
			t.Errorf("progress ends at %+v", s)
		}
		return true
	})
	if makers != 1 {
		t.Errorf("%d of the callers made keys", makers)
	}
	for _, c := range prover.Circuits() {
		first, pin, err := opened[0].VerifyingKey(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range opened[1:] {
			if other, _, err := p.VerifyingKey(c); err != nil || !bytes.Equal(first, other) {
				t.Errorf("%s: two callers hold two keys", c)
			}
		}
		if _, err := zkp.ParseVerifyingKey(first, pin, zkp.KeyOptions{}); !errors.Is(err, zkp.ErrSinglePartySetup) {
			t.Errorf("%s: a development key without the switch: %v", c, err)
		}
	}
	dirs, err := filepath.Glob(filepath.Join(cache, "hufu", "zkp", "*", "manifest.json"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("folders %v, %v", dirs, err)
	}
	if making, _ := filepath.Glob(filepath.Join(cache, "hufu", "zkp", "making-*")); len(making) != 0 {
		t.Errorf("left behind: %v", making)
	}
	testDamagedFolders(t, cache, filepath.Dir(dirs[0]))
}

func testDamagedFolders(t *testing.T, cache, good string) {
	const prepare, show = string(zkp.CircuitPrepare), string(zkp.CircuitShow)
	edit := func(name string, change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, name), change(b))
		}
	}
	replace := func(from, to string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(from)) {
				t.Errorf("the manifest does not say %s", from)
			}
			return bytes.Replace(b, []byte(from), []byte(to), 1)
		}
	}
	for name, damage := range map[string]func(*testing.T, string){
		"no manifest":        func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "manifest.json")) },
		"no verifying key":   func(t *testing.T, dir string) { remove(t, filepath.Join(dir, show+".vk")) },
		"no proving key":     func(t *testing.T, dir string) { remove(t, filepath.Join(dir, prepare+".pk")) },
		"no system":          func(t *testing.T, dir string) { remove(t, filepath.Join(dir, prepare+".r1cs")) },
		"truncated":          edit(show+".pk", func(b []byte) []byte { return b[:len(b)-1] }),
		"empty":              edit(show+".vk", func([]byte) []byte { return nil }),
		"one bit":            edit(show+".r1cs", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }),
		"extended":           edit(show+".vk", func(b []byte) []byte { return append(b, 0) }),
		"oversized":          func(t *testing.T, dir string) { grow(t, filepath.Join(dir, show+".pk"), limits.Key+1) },
		"oversized manifest": func(t *testing.T, dir string) { grow(t, filepath.Join(dir, "manifest.json"), limits.Document+1) },
		"swapped": func(t *testing.T, dir string) {
			rename(t, filepath.Join(dir, show+".pk"), filepath.Join(dir, "x"))
			rename(t, filepath.Join(dir, prepare+".pk"), filepath.Join(dir, show+".pk"))
			rename(t, filepath.Join(dir, "x"), filepath.Join(dir, prepare+".pk"))
		},
		"manifest that is none":           edit("manifest.json", func([]byte) []byte { return []byte("keys") }),
		"manifest of another version":     edit("manifest.json", replace(`"version":1`, `"version":2`)),
		"manifest of another setup":       edit("manifest.json", replace(`single-party`, `no party`)),
		"manifest that claims a ceremony": edit("manifest.json", replace(`single-party`, `ceremony`)),
		"manifest with a member twice":    edit("manifest.json", replace(`"version":1`, `"version":1,"version":1`)),
		"manifest with an unknown one":    edit("manifest.json", replace(`"version":1`, `"version":1,"x":1`)),
		"manifest in other case":          edit("manifest.json", replace(`"version"`, `"Version"`)),
		"manifest with something behind":  edit("manifest.json", func(b []byte) []byte { return append(b, "{}"...) }),
		"manifest of other circuits":      edit("manifest.json", replace(prepare, "hufu-prepare-1")),
		"the system of the other circuit": otherSystem,
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "hufu", "zkp", filepath.Base(good))
			if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			damage(t, dir)
			for door, open := range map[string]func() (*prover.Prover, error){
				"Open": func() (*prover.Prover, error) { return prover.Open(dir) },
				"DevelopmentKeys": func() (*prover.Prover, error) {
					return prover.DevelopmentKeys(t.Context(), filepath.Dir(filepath.Dir(filepath.Dir(dir))), nil)
				},
			} {
				p, err := open()
				if !errors.Is(err, prover.ErrKeyFile) || p != nil {
					t.Errorf("%s: %v", door, err)
				} else if strings.Contains(err.Error(), "\n") || len(err.Error()) > 300 {
					t.Errorf("%s: not a sentence: %v", door, err)
				} else if strings.HasPrefix(name, "oversized") && !strings.Contains(err.Error(), "at most") {
					t.Errorf("%s: read before its size was looked at: %v", door, err)
				}
			}
		})
	}
	if _, err := prover.DevelopmentKeys(t.Context(), cache, nil); err != nil {
		t.Errorf("the good folder: %v", err)
	}
}

// otherSystem puts one circuit's constraints in the other's place and says so
// in the manifest: only the hashes that the package pins can tell.
func otherSystem(t *testing.T, dir string) {
	path := filepath.Join(dir, "manifest.json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var m prover.Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	show := m.Circuits[zkp.CircuitShow]
	show.System = m.Circuits[zkp.CircuitPrepare].System
	m.Circuits[zkp.CircuitShow] = show
	if b, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	write(t, path, b)
	system, err := os.ReadFile(filepath.Join(dir, string(zkp.CircuitPrepare)+".r1cs"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, string(zkp.CircuitShow)+".r1cs"), system)
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// grow makes a file longer without writing it.
func grow(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

func TestUnknownCircuit(t *testing.T) {
	p, _ := testKeys(t)
	if _, _, err := p.VerifyingKey("hufu-other-2"); !errors.Is(err, prover.ErrUnknownCircuit) {
		t.Errorf("%v", err)
	}
	if _, err := prover.Compile("hufu-other-2"); !errors.Is(err, prover.ErrUnknownCircuit) {
		t.Errorf("%v", err)
	}
}
