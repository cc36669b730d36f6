package provenance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
)

var (
	// ErrIssuerName means that a certificate does not name the issuer that the credential
	// names.
	ErrIssuerName = errors.New("provenance: the certificate names another issuer")
	// ErrNotTrustedFor means that an agency is known here, and not trusted for this.
	ErrNotTrustedFor = errors.New("provenance: not trusted for this type")
	// ErrListSigner means that a status list was signed by somebody else than the issuer.
	ErrListSigner = errors.New("provenance: another than the issuer signed the status list")
	// ErrTrust means a configuration that trusts for nothing, or twice.
	ErrTrust = errors.New("provenance: malformed configuration of trust")
)

// PrefixHash begins the ID of an agency that a certificate alone names.
const PrefixHash = "x509_hash:"

// Trust says for what an anchor is trusted. The zero value trusts for nothing.
type Trust struct {
	// Types are the credential types (vct) that agencies under it may issue.
	Types []string
	// Requests lets agencies under it ask: it vouches for who they are.
	Requests bool
	// Status demands that each credential names a status list. Where false, one with an
	// end need not.
	Status bool
}

func (t Trust) check() error {
	if len(t.Types) == 0 && !t.Requests || slices.Contains(t.Types, "") {
		return fmt.Errorf("%w: it lists credential types, lets agencies ask, or both", ErrTrust)
	}
	return nil
}

// allows reports whether a deed is one that the anchor is trusted for.
func (t Trust) allows(d Deed) error {
	if d.Action == ledger.ActionIssue && slices.Contains(t.Types, d.Type) || d.Action == ledger.ActionVerify && t.Requests {
		return nil
	}
	return ErrNotTrustedFor
}

// Authority is a certificate authority and what it is trusted for.
type Authority struct {
	*certpath.Anchor
	Trust
}

// X509Options changes defaults. The zero value is safe.
type X509Options struct {
	// Suites is the allow-list for every key of a path; nil means did.DefaultSuites.
	Suites *did.Suites
	// CRLs has the revocation lists that an anchor asks for; nil has none.
	CRLs *certpath.CRLs
}

// X509 makes a Source of certificate authorities. An agency is the subject of the leaf of
// a message's x5c (SD-JWT VC draft -18, section 2.5; HAIP 1.0, section 6.1.1). Where a
// credential names its issuer in iss too, that is an https URL which the leaf names: a
// URI, or the host's DNS name, among its subject alternative names. A DID is not for
// certificates to decide. The error is certpath.ErrAnchor or [ErrTrust].
func X509(opts X509Options, authorities ...Authority) (Source, error) {
	s := &underX509{opts: opts, trust: map[*certpath.Anchor]Trust{}}
	anchors := make([]*certpath.Anchor, len(authorities))
	for i, a := range authorities {
		if err := a.Trust.check(); err != nil {
			return nil, err
		}
		anchors[i], s.trust[a.Anchor] = a.Anchor, a.Trust
	}
	var err error
	s.anchors, err = certpath.NewAnchors(opts.Suites, anchors...)
	if err != nil {
		return nil, err
	}
	return s, nil
}

type underX509 struct {
	anchors *certpath.Anchors
	trust   map[*certpath.Anchor]Trust
	opts    X509Options
}

func (s *underX509) Anchor() string { return strings.Join(s.anchors.Names(), "; ") }

// Names is false: which authority certifies a name is not known before.
func (s *underX509) Names(string) bool { return false }

func (s *underX509) Identify(ctx context.Context, m Message) (*Origin, error) {
	m = m.times()
	switch {
	case len(m.Header.X5C) == 0:
		return nil, fmt.Errorf("%w: the message carries no certificate", ErrUnknown)
	case strings.HasPrefix(m.ID, "did:"):
		return nil, fmt.Errorf("%w: certificates do not decide on a DID", ErrUnknown)
	}
	path, err := s.path(ctx, m)
	if err != nil {
		return nil, err
	}
	if m.ID != "" && !namesIssuer(path, m.ID) {
		return nil, fmt.Errorf("%w: %w", ErrIssuerName, &certpath.Error{
			Who: path.Subject(), Hash: path.Hash(), Against: []string{path.Anchor.String()}, Err: ErrIssuerName,
		})
	}
	origin := &Origin{ID: m.ID, Name: path.Subject(), Anchor: path.Anchor.String(), Path: path, Key: leafKey(path)}
	if m.ID == "" {
		origin.ID = PrefixHash + path.Hash()
	}
	return origin, nil
}

// path leads the message's chain to an anchor.
func (s *underX509) path(ctx context.Context, m Message) (*certpath.Path, error) {
	usages := certpath.IssuerUsages()
	if m.Action == ledger.ActionVerify {
		usages = certpath.RequesterUsages()
	}
	path, err := s.anchors.Verify(ctx, m.Header.X5C, certpath.Options{Now: m.Now, Signed: m.At, Usages: usages, CRLs: s.opts.CRLs})
	switch {
	case errors.Is(err, certpath.ErrUntrusted):
		return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
	case errors.Is(err, certpath.ErrRevocation):
		return nil, unchecked{err}
	}
	return path, err
}

func leafKey(path *certpath.Path) did.Key {
	key := did.Key{ID: PrefixHash + path.Hash(), Public: path.Key, From: path.Leaf().NotBefore, Until: path.Leaf().NotAfter}
	if suite, err := did.DefaultSuites().ForKey(path.Key); err == nil {
		key.Alg = suite.Alg()
	}
	return key
}

// namesIssuer reports whether the leaf names the issuer of a credential.
func namesIssuer(path *certpath.Path, issuer string) bool {
	if slices.ContainsFunc(path.Leaf().URIs, func(u *url.URL) bool { return u.String() == issuer }) {
		return true
	}
	u, err := url.Parse(issuer)
	return err == nil && u.Scheme == "https" && u.User == nil && path.HasDNSName(u.Hostname())
}

func (s *underX509) Vouch(_ context.Context, origin *Origin, deed Deed) ([]ledger.Accreditation, error) {
	return nil, s.trust[origin.Path.Anchor].allows(deed)
}

// ListKey accepts the issuer's own key, or one that the same authority certified for the
// same subject. HAIP 1.0, section 6.1, wants x5c here too; a list without one is checked
// with the key that signed the credential.
func (s *underX509) ListKey(ctx context.Context, origin *Origin, header did.Header, now time.Time) (did.Key, error) {
	if len(header.X5C) == 0 {
		return origin.Key, nil
	}
	path, err := s.path(ctx, Message{Header: header, Action: ledger.ActionIssue, Now: now, At: now})
	if err != nil {
		return did.Key{}, err
	}
	if path.Anchor != origin.Path.Anchor || !bytes.Equal(path.Leaf().RawSubject, origin.Path.Leaf().RawSubject) {
		return did.Key{}, ErrListSigner
	}
	return leafKey(path), nil
}

// needsStatus implements statusRule.
func (s *underX509) needsStatus(origin *Origin) bool { return s.trust[origin.Path.Anchor].Status }
