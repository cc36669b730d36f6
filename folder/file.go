package folder

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
)

// Files go from hand to hand between the folders: trust files, tables, bundles, and the
// messages of package openid.

// ReadFile reads a file that somebody handed over, of at most limit bytes. The name "-"
// is in. The error is an [*Error] with [ErrNoFile], [ErrUnreadable], [ErrTooLarge] or
// [ErrEmpty].
func ReadFile(name string, in io.Reader, limit int64) ([]byte, error) {
	if name != "-" {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			return nil, &Error{name, ErrNoFile, err}
		}
		if err != nil {
			return nil, &Error{name, ErrUnreadable, err}
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, limit+1))
	switch {
	case err != nil:
		return nil, &Error{name, ErrUnreadable, err}
	case int64(len(b)) > limit:
		return nil, &Error{name, ErrTooLarge, nil}
	case len(bytes.TrimSpace(b)) == 0:
		return nil, &Error{name, ErrEmpty, nil}
	}
	return b, nil
}

// ReadMessage reads one message of a kind from a file as ReadFile does: the message
// itself, or its QR text ([openid.QRText]). The error is also an [*Error] with
// [ErrQRText] or [ErrOtherKind].
func ReadMessage(name string, in io.Reader, kind openid.QRType) ([]byte, error) {
	b, err := ReadFile(name, in, limits.Message)
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(string(b))
	if !strings.HasPrefix(text, "HUFU1:") {
		return []byte(text), nil
	}
	got, body, err := openid.ParseQRText(text)
	switch {
	case err != nil:
		return nil, &Error{name, ErrQRText, err}
	case got != kind:
		return nil, &Error{name, ErrOtherKind, nil}
	}
	return body, nil
}

// ReadTrust reads a trust file and insists on its fingerprint, which came another way.
// The error is [ledger.ErrFingerprint], or an [*Error] of ReadFile or with
// [ErrMalformed].
func ReadTrust(name string, in io.Reader, fingerprint string) (*ledger.TrustFile, error) {
	b, err := ReadFile(name, in, limits.Document)
	if err != nil {
		return nil, err
	}
	trust, err := ledger.ParseTrustPinned(b, fingerprint)
	if err != nil && !errors.Is(err, ledger.ErrFingerprint) {
		return nil, &Error{name, ErrMalformed, nil}
	}
	return trust, err
}

// WriteFile writes a file that only its owner reads. It overwrites none, which may be
// the only copy of a message. The error is an [*Error] with [ErrExists] or
// [ErrUnwritable].
func WriteFile(name string, b []byte) error { return writeNew(name, b) }

// CheckFree makes sure that WriteFile will find its places free, before work is done
// whose result cannot be had a second time. Names that are "-" or empty are passed over.
// Errors are those of WriteFile.
func CheckFree(names ...string) error {
	var seen []string
	for _, name := range names {
		if name == "-" || name == "" {
			continue
		}
		if slices.Contains(seen, filepath.Clean(name)) {
			return &Error{name, ErrExists, nil}
		}
		seen = append(seen, filepath.Clean(name))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			return &Error{name, ErrExists, err}
		}
		if err == nil {
			err = errors.Join(f.Close(), os.Remove(name))
		}
		if err != nil {
			return &Error{name, ErrUnwritable, err}
		}
	}
	return nil
}
