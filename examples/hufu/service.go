package main

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/internal/durable"
	"github.com/hufu-id/hufu/internal/limits"
)

// service is where a server listens, and under which address others reach it.
type service struct{ addr, url, cert, key string }

func (s *service) flags(cmd *cobra.Command, addr string) {
	flags := cmd.Flags()
	flags.StringVar(&s.addr, "addr", addr, "address to listen on; without --cert it is of this machine alone")
	flags.StringVar(&s.url, "url", "", "address under which wallets reach it, where a web server stands in front (default: where it listens)")
	flags.StringVar(&s.cert, "cert", "", "certificate chain for TLS, a PEM file")
	flags.StringVar(&s.key, "key", "", "private key of the certificate, a PEM file")
}

// security reads the certificates. Without any, the address is one of this machine, for
// nobody else may read along.
func (a *app) security(s *service) (*tls.Config, error) {
	if (s.cert == "") != (s.key == "") {
		return nil, usageError{errors.New("--cert and --key go together")}
	}
	if s.cert != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return nil, &inputError{id: "serve.certificate", name: s.cert, err: err}
		}
		return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
	}
	host, _, err := net.SplitHostPort(s.addr)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, usageError{errors.New(a.words.text("serve.plain", "Name", s.addr))}
	}
	return nil, nil
}

// listen opens the address. base is the one that wallets use, without a last slash.
func (s *service) listen(security *tls.Config) (listener net.Listener, base string, err error) {
	if listener, err = net.Listen("tcp", s.addr); err != nil {
		return nil, "", &inputError{id: "serve.address", name: s.addr, err: err}
	}
	base = strings.TrimSuffix(s.url, "/")
	switch {
	case base != "":
	case security == nil:
		base = "http://" + listener.Addr().String()
	default:
		base = "https://" + listener.Addr().String()
	}
	return listener, base, nil
}

// secretBytes is the entropy of a token or passphrase that a server draws.
const secretBytes = 32

// secret reads a secret of a server's folder, and draws it at the first start. Nobody but
// the owner of the folder may read the file.
func secret(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails
	fresh := base64.RawURLEncoding.EncodeToString(b)
	err := durable.Create(path, []byte(fresh), 0o600)
	if err == nil {
		return fresh, durable.SyncFolder(dir)
	}
	if !errors.Is(err, fs.ErrExist) {
		return "", &inputError{id: "output.unwritable", name: path, err: err}
	}
	kept, err := limits.ReadFile(path, limits.Identifier)
	if err != nil || len(kept) < len(fresh) || len(kept) > limits.Identifier {
		return "", &inputError{id: "input.malformed", name: path, err: err}
	}
	return string(kept), nil
}

// passphraseName and tokenName are the secrets in a server's folder.
const passphraseName, tokenName = "passphrase", "admin.token"

// servicePassphrase is HUFU_PASSPHRASE, or what stands in a server's folder: nobody sits
// there when it starts again.
func (a *app) servicePassphrase(dir string) ([]byte, error) {
	if _, given := os.LookupEnv("HUFU_PASSPHRASE"); given {
		return a.passphrase(false)
	}
	p, err := secret(dir, passphraseName)
	return []byte(p), err
}
