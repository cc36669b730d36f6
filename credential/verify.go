package credential

import (
	"crypto"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/status"
)

// Type is the typ of an SD-JWT VC (draft-ietf-oauth-sd-jwt-vc-18, section 2.2.1).
// The older vc+sd-jwt is not accepted.
const Type = "dc+sd-jwt"

// DefaultSkew is the largest difference between two honest clocks.
const DefaultSkew = time.Minute

// maxTime is the last second of the year 9999, the end of RFC 3339's calendar.
const maxTime = 253402300799

// visibleNames lists the claims that must stand outside every disclosure: those
// of the draft's list (section 2.2.2.3), and aud.
var visibleNames = []string{"iss", "aud", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"}

// registeredNames lists the registered claims. No schema may use their names, and
// no other claim may differ from one of them only in case.
var registeredNames = append([]string{"iat"}, visibleNames...)

// VerifyOptions changes how credentials are checked. The zero value is the safe
// default.
type VerifyOptions struct {
	// Now is the verifier's time; zero means the machine's clock.
	Now time.Time
	// Skew is the tolerance of all dates; zero means [DefaultSkew], a negative
	// value means none.
	Skew time.Duration
	// Types lists the accepted typ values. nil means [Type] alone; an empty
	// list accepts nothing. The rules of SD-JWT VC apply to typ [Type] only.
	Types []string
}

// Verified holds what an issuer signed and a holder showed.
type Verified struct {
	// Claims holds every shown claim, disclosures in place: map[string]any,
	// []any, string, bool, int64, float64, nil. The caller may change it.
	Claims map[string]any
	// Header is the issuer's header.
	Header did.Header
	// Disclosed lists the claims that came from disclosures.
	Disclosed []Path
	// Undisclosed counts the digests without a disclosure, decoys included.
	Undisclosed int
	// VCT is the credential's type and Issuer its iss. Absent claims are empty.
	VCT, Issuer string
	// AlsoTypes are the other types that the issuer claims for it (aka_vcts). Who relies on
	// one checks that the issuer may issue it, too.
	AlsoTypes []string
	// TypeIntegrity is the claim vct#integrity, which [Types] checks.
	TypeIntegrity string
	// IssuedAt, NotBefore and Expires are iat, nbf and exp. Absent claims are
	// zero.
	IssuedAt, NotBefore, Expires time.Time
	// Status says where to ask whether the credential still holds; nil if the
	// issuer gave no status.
	Status *status.Reference
	// Confirmation is the holder's key from cnf; nil if there is none.
	Confirmation crypto.PublicKey

	presentation *SDJWT
}

// Verify checks the issuer's signature with a key that the caller trusts, then
// the type, the registered claims and the dates. It checks neither the key
// binding (see VerifyBinding) nor the status. It checks in this order:
// [ErrType], [ErrSignature], [ErrHiddenClaim], [ErrClaim] for iss and vct,
// [ErrMissingClaim], [ErrClaim] for dates, [ErrConfirmation], the errors of
// [status.ParseReference], [ErrIssuedAt], [ErrNotYetValid], [ErrExpired].
func (s *SDJWT) Verify(public crypto.PublicKey, opts VerifyOptions) (*Verified, error) {
	types := opts.Types
	if types == nil {
		types = []string{Type}
	}
	if !slices.Contains(types, s.jws.Header.Typ) {
		return nil, ErrType
	}
	if _, err := s.jws.Verify(public); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	verified, err := s.registered()
	if err != nil {
		return nil, err
	}
	if err := verified.checkDates(opts); err != nil {
		return nil, err
	}
	return verified, nil
}

// registered reads the registered claims and checks their form.
func (s *SDJWT) registered() (*Verified, error) {
	for _, path := range s.content.paths {
		if name, ok := path[0].(string); ok && slices.Contains(visibleNames, name) {
			return nil, ErrHiddenClaim
		}
	}
	v := &Verified{
		Claims: s.UnverifiedClaims(), Header: s.jws.Header, Disclosed: s.Disclosable(),
		Undisclosed: s.content.undisclosed, presentation: s,
	}
	if err := readText(v.Claims, "iss", &v.Issuer); err != nil {
		return nil, err
	}
	if err := readText(v.Claims, "vct", &v.VCT); err != nil {
		return nil, err
	}
	if s.jws.Header.Typ == Type && (v.VCT == "" || v.Issuer == "" && len(v.Header.X5C) == 0) {
		return nil, fmt.Errorf("%w: vct, or both iss and x5c", ErrMissingClaim)
	}
	if err := v.readTypes(); err != nil {
		return nil, err
	}
	err := v.readDates(v.Claims)
	if err != nil {
		return nil, err
	}
	if v.Confirmation, err = confirmation(v.Claims); err != nil {
		return nil, err
	}
	if v.Status, err = statusReference(v.Claims); err != nil {
		return nil, err
	}
	return v, nil
}

// readTypes reads what more is said of the type (SD-JWT VC draft -18, section 2.2.2.2).
func (v *Verified) readTypes() error {
	if err := readText(v.Claims, "vct#integrity", &v.TypeIntegrity); err != nil {
		return err
	}
	value, found := v.Claims["aka_vcts"]
	if !found {
		return nil
	}
	list, _ := value.([]any)
	for _, element := range list {
		vct, ok := element.(string)
		if !ok || vct == "" || len(vct) > limits.Identifier || vct == v.VCT || slices.Contains(v.AlsoTypes, vct) {
			return fmt.Errorf("%w: aka_vcts", ErrClaim)
		}
		v.AlsoTypes = append(v.AlsoTypes, vct)
	}
	if len(list) == 0 || len(list) > maxAlsoTypes {
		return fmt.Errorf("%w: aka_vcts is no list of 1 to %d types", ErrClaim, maxAlsoTypes)
	}
	return nil
}

// maxAlsoTypes caps the types of one credential.
const maxAlsoTypes = 64

func (v *Verified) readDates(claims map[string]any) error {
	if err := readDate(claims, "iat", &v.IssuedAt); err != nil {
		return err
	}
	if err := readDate(claims, "nbf", &v.NotBefore); err != nil {
		return err
	}
	return readDate(claims, "exp", &v.Expires)
}

func readText(claims map[string]any, name string, field *string) error {
	value, found := claims[name]
	if !found {
		return nil
	}
	text, ok := value.(string)
	if !ok || text == "" || len(text) > limits.Identifier {
		return fmt.Errorf("%w: %s is no text of 1 to %d bytes", ErrClaim, name, limits.Identifier)
	}
	*field = text
	return nil
}

// readDate reads a NumericDate. A fraction counts on the safe side: see
// strictjson.Since.
func readDate(claims map[string]any, name string, field *time.Time) error {
	value, found := claims[name]
	if !found {
		return nil
	}
	read := strictjson.SinceOf
	if name == "exp" {
		read = strictjson.UntilOf
	}
	seconds, ok := read(value)
	if !ok || seconds < 0 || seconds > maxTime {
		return fmt.Errorf("%w: %s is no time in seconds", ErrClaim, name)
	}
	*field = time.Unix(seconds, 0).UTC()
	return nil
}

// confirmation reads cnf (RFC 7800, section 3.2). It refuses a cnf without a
// jwk: such a credential must not pass for one that is bound to nobody.
func confirmation(claims map[string]any) (crypto.PublicKey, error) {
	value, found := claims["cnf"]
	if !found {
		return nil, nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, ErrConfirmation
	}
	jwk, ok := object["jwk"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: no jwk", ErrConfirmation)
	}
	public, err := did.JWK(jwk)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfirmation, err)
	}
	return public, nil
}

func statusReference(claims map[string]any) (*status.Reference, error) {
	value, found := claims["status"]
	if !found {
		return nil, nil
	}
	reference, err := status.ReferenceOf(value)
	if err != nil {
		return nil, err
	}
	return &reference, nil
}

func (v *Verified) checkDates(opts VerifyOptions) error {
	now, skew := clock(opts.Now, opts.Skew)
	switch {
	case v.IssuedAt.After(now.Add(skew)):
		return ErrIssuedAt
	case v.NotBefore.After(now.Add(skew)):
		return ErrNotYetValid
	case !v.Expires.IsZero() && !now.Before(v.Expires.Add(skew)):
		return ErrExpired
	}
	return nil
}

// clock replaces a zero time and a zero tolerance with their defaults.
func clock(now time.Time, skew time.Duration) (time.Time, time.Duration) {
	if now.IsZero() {
		now = time.Now()
	}
	if skew == 0 {
		skew = DefaultSkew
	}
	return now, max(skew, 0)
}
