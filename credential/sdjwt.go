package credential

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
)

// An SDJWT is a parsed SD-JWT, with or without a key binding. Parse has checked
// its structure; nobody has checked its signatures. An SDJWT never changes:
// Disclose and Bind return new ones.
type SDJWT struct {
	jws         *did.JWS
	disclosures []disclosure
	// presented is everything before the key binding, the last "~" included. sd_hash
	// covers it (RFC 9901, section 4.3.1).
	presented string
	binding   string
	content   *processed
	suites    *did.Suites
}

// ParseOptions changes how tokens are read. The zero value is the safe default.
type ParseOptions struct {
	// Suites is the allow-list of signature algorithms, for issuer and holder;
	// nil means [did.DefaultSuites].
	Suites *did.Suites
}

// Parse reads the compact form: the issuer's JWT, "~", each disclosure followed
// by "~", and the key binding JWT or nothing (RFC 9901, section 4). It checks
// every rule that needs neither a key nor a clock. Errors: [ErrTooLarge],
// [ErrForm], [ErrTooManyDisclosures], [ErrJSON], [ErrDepth], those of
// [did.ParseJWS], and the sentinels for disclosures and digests.
func Parse(compact []byte, opts ParseOptions) (*SDJWT, error) {
	if len(compact) > limits.Token {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, limits.Token)
	}
	text := string(compact)
	end := strings.LastIndexByte(text, '~')
	if end < 0 {
		return nil, fmt.Errorf("%w: no ~", ErrForm)
	}
	return assemble(text[:end+1], text[end+1:], opts.Suites)
}

// join writes what is presented: the issuer's JWT and each disclosure, each before a "~".
func join(issuer string, disclosures []string) string {
	return strings.Join(append([]string{issuer}, disclosures...), "~") + "~"
}

// assemble reads what is presented and a key binding or nothing.
func assemble(presented, binding string, suites *did.Suites) (*SDJWT, error) {
	if strings.Count(presented, "~") > limits.Disclosures+1 {
		return nil, fmt.Errorf("%w: above %d", ErrTooManyDisclosures, limits.Disclosures)
	}
	encoded := strings.Split(presented[:len(presented)-1], "~")
	issuer, encoded := encoded[0], encoded[1:]
	if binding != "" && strings.Count(binding, ".") != 2 {
		return nil, fmt.Errorf("%w: what follows the last ~ is no JWT", ErrForm)
	}
	// Only Verify knows which type is wanted.
	jws, err := did.ParseJWS(issuer, did.AnyTypeUnsafe, did.JWSOptions{Suites: suites})
	if err != nil {
		return nil, err
	}
	payload, err := decodeObject(jws.UnverifiedPayload())
	if err != nil {
		return nil, err
	}
	s := &SDJWT{jws: jws, presented: presented, binding: binding, suites: suites, disclosures: make([]disclosure, 0, len(encoded))}
	for _, text := range encoded {
		d, err := parseDisclosure(text)
		if err != nil {
			return nil, err
		}
		s.disclosures = append(s.disclosures, d)
	}
	s.content, err = process(payload, s.disclosures)
	if err != nil {
		return nil, err
	}
	if err := foldedNames(s.content.claims, registeredNames); err != nil {
		return nil, err
	}
	return s, nil
}

// foldedNames refuses a top-level claim whose name differs from a known one's only in
// case: a careless reader would take one for the other.
func foldedNames(claims map[string]any, names []string) error {
	for name := range claims {
		for _, known := range names {
			if name != known && strings.EqualFold(name, known) {
				return fmt.Errorf("%w: a claim differs from a registered one only in case", ErrJSON)
			}
		}
	}
	return nil
}

// Header returns the issuer's header. It is not verified: use it to choose the
// key to verify with, and for nothing else.
func (s *SDJWT) Header() did.Header { return s.jws.Header }

// UnverifiedClaims returns a copy of the claims, with disclosures in place,
// without a check of the signature.
func (s *SDJWT) UnverifiedClaims() map[string]any { return cloneObject(s.content.claims) }

// Disclosable returns the place of each disclosure that s holds, in their
// order.
func (s *SDJWT) Disclosable() []Path {
	paths := make([]Path, len(s.content.paths))
	for i, path := range s.content.paths {
		paths[i] = slices.Clone(path)
	}
	return paths
}

// Bound reports whether a key binding is attached. It does not check the
// binding.
func (s *SDJWT) Bound() bool { return s.binding != "" }

// String returns the compact form, byte for byte as it was parsed.
func (s *SDJWT) String() string { return s.presented + s.binding }

// IssuerJWT returns what the issuer signed, in compact form: the part that every
// presentation has in common.
func (s *SDJWT) IssuerJWT() string {
	jwt, _, _ := strings.Cut(s.presented, "~")
	return jwt
}

// Bytes returns the compact form.
func (s *SDJWT) Bytes() []byte { return []byte(s.String()) }

// Disclose returns a presentation with exactly the disclosures that are needed
// to show the given paths: those on the way to each path, its own, and those below
// it, for an object is shown with what it holds (OpenID4VP 1.0, section 7). It drops a key binding, which
// covered other disclosures. Without paths it discloses nothing. Errors:
// [ErrPath], and [ErrNoSuchClaim] for a path that selects nothing.
func (s *SDJWT) Disclose(paths ...Path) (*SDJWT, error) {
	var wanted []Path
	for _, path := range paths {
		if err := path.check(); err != nil {
			return nil, err
		}
		found := path.Expand(s.content.claims)
		if len(found) == 0 {
			return nil, ErrNoSuchClaim
		}
		wanted = append(wanted, found...)
	}
	var kept []string
	for i, d := range s.disclosures {
		if onTheWay(s.content.paths[i], wanted) {
			kept = append(kept, d.encoded)
		}
	}
	return assemble(join(s.jws.String(), kept), "", s.suites)
}

func onTheWay(path Path, wanted []Path) bool {
	for _, target := range wanted {
		if path.contains(target) || target.contains(path) {
			return true
		}
	}
	return false
}
