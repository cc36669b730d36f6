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

// listen opens the address. Without TLS it is one of this machine, for nobody else may
// read along.
func (s *service) listen() (listener net.Listener, config *tls.Config, base string, err error) {
	scheme := "http"
	if (s.cert == "") != (s.key == "") {
		return nil, nil, "", usageError{errors.New("--cert and --key go together")}
	}
	if s.cert != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return nil, nil, "", &inputError{id: "serve.certificate", name: s.cert, err: err}
		}
		scheme, config = "https", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	host, _, err := net.SplitHostPort(s.addr)
	if ip := net.ParseIP(host); err == nil && config == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, nil, "", &inputError{id: "serve.plain", name: s.addr}
	}
	if listener, err = net.Listen("tcp", s.addr); err != nil {
		return nil, nil, "", &inputError{id: "serve.address", name: s.addr, err: err}
	}
	if base = s.url; base == "" {
		base = scheme + "://" + listener.Addr().String()
	}
	return listener, config, base, nil
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
