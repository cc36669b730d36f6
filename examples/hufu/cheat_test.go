package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

// cheat KIND FROM TO copies a ceremony and does to the copy what a cheat would.
func cheat(ts *testscript.TestScript, _ bool, args []string) {
	from, to := ts.MkAbs(args[1]), ts.MkAbs(args[2])
	ts.Check(os.CopyFS(to, os.DirFS(from)))
	kinds := map[string]func(dir string) error{
		"drop": dropSecond, "reorder": swapFirstTwo, "forge": flipByte, "unsign": unsignSecond, "beacon": otherBeacon,
		"keys": func(dir string) error { return singlePartyKeys(dir, ts.Getenv("KEYS")) },
	}
	kind, known := kinds[args[0]]
	if !known {
		ts.Fatalf("no cheat %s", args[0])
	}
	ts.Check(kind(to))
}

// contribution finds a file of phase 1 by its number.
func contribution(dir string, number int, suffix string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "phase1", fmt.Sprintf("%04d-*%s", number, suffix)))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d files of contribution %d", len(found), number)
	}
	if err != nil {
		return "", err
	}
	return found[0], nil
}

func dropSecond(dir string) error {
	for _, suffix := range []string{".bin", ".json"} {
		name, err := contribution(dir, 2, suffix)
		if err != nil {
			return err
		}
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

func swapFirstTwo(dir string) error {
	for _, suffix := range []string{".bin", ".json"} {
		first, err := contribution(dir, 1, suffix)
		if err != nil {
			return err
		}
		second, err := contribution(dir, 2, suffix)
		if err != nil {
			return err
		}
		a, err := os.ReadFile(first)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(second)
		if err != nil {
			return err
		}
		if err := os.WriteFile(first, b, 0o600); err != nil {
			return err
		}
		if err := os.WriteFile(second, a, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func flipByte(dir string) error {
	name, err := contribution(dir, 3, ".bin")
	if err != nil {
		return err
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	b[len(b)/2] ^= 1
	return os.WriteFile(name, b, 0o600)
}

func unsignSecond(dir string) error {
	name, err := contribution(dir, 2, ".json")
	if err != nil {
		return err
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	r, err := ceremony.ParseRecord(b)
	if err != nil {
		return err
	}
	r.Signature = nil
	return os.WriteFile(name, r.Bytes(), 0o600)
}

// otherBeacon puts the value of phase 1 in the place of that of phase 2.
func otherBeacon(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, "phase1", "beacon.json"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "phase2", "beacon.json"), b, 0o600)
}

// singlePartyKeys passes development keys off as those of the ceremony.
func singlePartyKeys(dir, development string) error {
	for _, suffix := range []string{".pk", ".vk"} {
		name := string(zkp.CircuitShow) + suffix
		found, err := filepath.Glob(filepath.Join(development, "hufu", "zkp", "*", name))
		if err != nil || len(found) == 0 {
			return fmt.Errorf("no development keys: %w", err)
		}
		b, err := os.ReadFile(found[0])
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(ceremony.KeysDir(dir), name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}
