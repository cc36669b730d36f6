package credential

import (
	"context"
	"crypto"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/did"
)

// BindingType is the typ of a key binding JWT (RFC 9901, section 4.3).
const BindingType = "kb+jwt"

// DefaultBindingAge is the oldest key binding that VerifyBinding accepts by
// default.
const DefaultBindingAge = 5 * time.Minute

// bindingNames lists the claims that Bind writes itself.
var bindingNames = []string{"iat", "aud", "nonce", "sd_hash"}

// bindingClaims lists the claims that VerifyBinding reads. No other may differ from
// one of them only in case.
var bindingClaims = append([]string{"nbf", "exp"}, bindingNames...)

// BindOptions changes how a key binding is made. The zero value is the safe
// default.
type BindOptions struct {
	// IssuedAt is truncated to the second; zero means now.
	IssuedAt time.Time
	// Claims adds claims, such as transaction_data_hashes (OpenID4VP 1.0,
	// section B.3.3). They cannot replace iat, aud, nonce or sd_hash.
	Claims map[string]any
}

// Bind signs the presentation with the holder's key, for one audience and one
// nonce. It returns a copy with the key binding attached, in place of any
// earlier one. Call Bind after Disclose: the binding covers exactly the
// disclosures that s holds. Errors: [ErrNoBinding] if the credential names no
// holder, [ErrHolderKey], [ErrConfirmation], [ErrOptions], and those of
// [did.SignJWS].
func (s *SDJWT) Bind(ctx context.Context, holder crypto.Signer, audience, nonce string, opts BindOptions) (*SDJWT, error) {
	public, err := confirmation(s.content.claims)
	if err != nil {
		return nil, err
	}
	if public == nil {
		return nil, fmt.Errorf("%w: the credential has no cnf", ErrNoBinding)
	}
	if holder == nil || !equalKeys(public, holder.Public()) {
		return nil, ErrHolderKey
	}
	if audience == "" || nonce == "" {
		return nil, fmt.Errorf("%w: a binding needs audience and nonce", ErrOptions)
	}
	claims := make(map[string]any, len(opts.Claims)+4)
	for name, value := range opts.Claims {
		claims[name] = value
	}
	for _, name := range bindingNames {
		if _, found := claims[name]; found {
			return nil, fmt.Errorf("%w: %s is not a further claim", ErrOptions, name)
		}
	}
	if opts.IssuedAt.IsZero() {
		opts.IssuedAt = time.Now()
	}
	claims["iat"], claims["aud"], claims["nonce"] = opts.IssuedAt.Unix(), audience, nonce
	claims["sd_hash"] = digestOf(s.presented)
	payload, err := encodeValue(claims)
	if err != nil {
		return nil, err
	}
	binding, err := did.SignJWS(ctx, holder, did.Header{Typ: BindingType}, payload, did.JWSOptions{Suites: s.suites})
	if err != nil {
		return nil, err
	}
	bound := *s
	bound.binding = binding
	return &bound, nil
}

func equalKeys(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// BindingOptions changes how a key binding is checked. The zero value is the
// safe default.
type BindingOptions struct {
	// Now is the verifier's time; zero means the machine's clock.
	Now time.Time
	// MaxAge is the oldest binding that is accepted; zero means
	// [DefaultBindingAge].
	MaxAge time.Duration
	// Skew is how far the binding may lie in the future; zero means
	// [DefaultSkew], a negative value means none.
	Skew time.Duration
}

// A Binding is a key binding that VerifyBinding accepted.
type Binding struct {
	// IssuedAt is the time of signature, according to the holder's device.
	IssuedAt time.Time
	// Claims holds all claims of the binding, those of [BindOptions] included.
	Claims map[string]any
}

// VerifyBinding checks that the holder named in the credential signed exactly
// this presentation, for this audience and nonce, within MaxAge (RFC 9901,
// section 7.3). It checks in this order: [ErrNoBinding], [ErrBindingForm] for
// the token, [ErrBindingSignature], [ErrBindingForm] for the payload,
// [ErrBindingHash], [ErrBindingAudience], [ErrBindingNonce], [ErrBindingForm]
// for the dates, [ErrBindingAge].
func (v *Verified) VerifyBinding(audience, nonce string, opts BindingOptions) (*Binding, error) {
	if v.presentation == nil || !v.presentation.Bound() {
		return nil, ErrNoBinding
	}
	if v.Confirmation == nil {
		return nil, fmt.Errorf("%w: the credential has no cnf", ErrNoBinding)
	}
	jws, err := did.ParseJWS(v.presentation.binding, BindingType, did.JWSOptions{Suites: v.presentation.suites})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBindingForm, err)
	}
	payload, err := jws.Verify(v.Confirmation)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBindingSignature, err)
	}
	claims, err := decodeObject(payload)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBindingForm, err)
	}
	if err := foldedNames(claims, bindingClaims); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBindingForm, err)
	}
	binding := &Binding{Claims: claims}
	if claims["sd_hash"] != digestOf(v.presentation.presented) {
		return nil, ErrBindingHash
	}
	if audience == "" || claims["aud"] != audience {
		return nil, ErrBindingAudience
	}
	if nonce == "" || claims["nonce"] != nonce {
		return nil, ErrBindingNonce
	}
	if err := binding.checkAge(opts); err != nil {
		return nil, err
	}
	return binding, nil
}

func (b *Binding) checkAge(opts BindingOptions) error {
	now, _ := clock(opts.Now, opts.Skew)
	maxAge := opts.MaxAge
	if maxAge == 0 {
		maxAge = DefaultBindingAge
	}
	dates := Verified{}
	if err := dates.readDates(b.Claims); err != nil {
		return fmt.Errorf("%w: %w", ErrBindingForm, err)
	}
	if dates.IssuedAt.IsZero() {
		return fmt.Errorf("%w: no iat", ErrBindingForm)
	}
	b.IssuedAt = dates.IssuedAt
	if now.Sub(b.IssuedAt) > maxAge {
		return ErrBindingAge
	}
	if err := dates.checkDates(VerifyOptions{Now: now, Skew: opts.Skew}); err != nil {
		return fmt.Errorf("%w: %w", ErrBindingAge, err)
	}
	return nil
}
