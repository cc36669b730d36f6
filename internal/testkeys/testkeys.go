// Package testkeys says where tests keep the circuits' development keys. Only
// tests import it.
package testkeys

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// module is what the go.mod at the root of a checkout names.
const module = "module github.com/hufu-id/hufu\n"

// A package's tests begin in the package's folder, and may leave it.
var cache, errCache = find()

// Cache returns the folder to give to prover.DevelopmentKeys: .testkeys at the
// root of the checkout, which git ignores. The first test that needs keys makes
// them there, in about five seconds; packages whose tests run at the same time
// wait for it, by the lock of DevelopmentKeys. No test touches the user's cache.
func Cache() (string, error) { return cache, errCache }

func find() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("testkeys: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(b), module) {
			return filepath.Join(dir, ".testkeys"), nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("testkeys: %w", err)
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("testkeys: %s lies in no checkout", start)
		}
	}
}
