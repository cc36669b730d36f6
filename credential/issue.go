package credential

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
)

const (
	// minSalt is the length that RFC 9901, section 9.3 recommends: 128 bits.
	minSalt = 16
	maxSalt = 64
	// secondsPerDay is one civil day in Unix time.
	secondsPerDay = 24 * 60 * 60
)

// IssueOptions changes how a credential is made. The zero value is the safe
// default.
type IssueOptions struct {
	// Holder is the key that the credential is bound to, written as cnf.jwk;
	// nil makes a bearer credential.
	Holder crypto.PublicKey
	// Digests is the fixed number of digests at the top level. Decoys fill it
	// up, so that the number does not show which claims exist. Zero adds no
	// decoys.
	Digests int
	// SaltBytes is the length of each salt, 16 to 64 bytes; zero means 16.
	SaltBytes int
	// Rand is the source of salts and decoys; nil means crypto/rand.
	Rand io.Reader
	// AnyTimeOfDay allows iat, nbf and exp that are not midnight UTC. A time of
	// day singles out a holder, so the agencies of this project issue whole
	// days.
	AnyTimeOfDay bool
	// Suites is the allow-list of signature algorithms; nil means
	// [did.DefaultSuites].
	Suites *did.Suites
}

// Issue signs claims and hides those that hide selects. Each hidden claim
// becomes a disclosure of its own, also inside another hidden claim. A path
// that ends in nil hides each element of an array by itself. An empty
// header.Typ becomes [Type]. Issue checks its result like Parse, and like
// Verify except for typ and dates. Errors: [ErrOptions], [ErrReservedName],
// [ErrHiddenClaim], [ErrNoSuchClaim], [ErrTooManyClaims], [ErrNotWholeDay], and
// those of Parse, Verify and [did.SignJWS].
func Issue(ctx context.Context, signer crypto.Signer, header did.Header, claims map[string]any, hide []Path, opts IssueOptions) (*SDJWT, error) {
	builder, err := newBuilder(opts)
	if err != nil {
		return nil, err
	}
	claims, err = opts.prepare(claims)
	if err != nil {
		return nil, err
	}
	if builder.hidden, err = selectHidden(claims, hide); err != nil {
		return nil, err
	}
	payload, err := builder.object(claims, nil)
	if err != nil {
		return nil, err
	}
	data, err := encodeValue(payload)
	if err != nil {
		return nil, err
	}
	if header.Typ == "" {
		header.Typ = Type
	}
	jws, err := did.SignJWS(ctx, signer, header, data, did.JWSOptions{Suites: opts.Suites})
	if err != nil {
		return nil, err
	}
	issued, err := assemble(join(jws, builder.disclosures), "", opts.Suites)
	if err != nil {
		return nil, err
	}
	if len(issued.String()) > limits.Token {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, limits.Token)
	}
	if _, err := issued.registered(); err != nil {
		return nil, err
	}
	return issued, nil
}

// prepare copies the claims, adds the holder, and checks names and dates.
func (o IssueOptions) prepare(claims map[string]any) (map[string]any, error) {
	claims, err := normalize(claims)
	if err != nil {
		return nil, err
	}
	if err := refuseReserved(claims); err != nil {
		return nil, err
	}
	if o.Holder != nil {
		if _, found := claims["cnf"]; found {
			return nil, fmt.Errorf("%w: cnf beside Holder", ErrOptions)
		}
		jwk, err := did.MarshalJWK(o.Holder)
		if err != nil {
			return nil, err
		}
		key, err := decodeObject(jwk)
		if err != nil {
			return nil, err
		}
		claims["cnf"] = map[string]any{"jwk": key}
	}
	for _, name := range []string{"iat", "nbf", "exp"} {
		if seconds, ok := claims[name].(int64); ok && !o.AnyTimeOfDay && seconds%secondsPerDay != 0 {
			return nil, fmt.Errorf("%w: %s", ErrNotWholeDay, name)
		}
	}
	return claims, nil
}

// refuseReserved refuses reserved names at every depth.
func refuseReserved(value any) error {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if isReserved(name) {
				return ErrReservedName
			}
			if err := refuseReserved(member); err != nil {
				return err
			}
		}
	case []any:
		for _, element := range value {
			if err := refuseReserved(element); err != nil {
				return err
			}
		}
	}
	return nil
}

// selectHidden expands the paths to hide into a set of concrete paths.
func selectHidden(claims map[string]any, hide []Path) (map[string]bool, error) {
	hidden := map[string]bool{}
	for _, path := range hide {
		if err := path.check(); err != nil {
			return nil, err
		}
		if name, ok := path[0].(string); ok && slices.Contains(visibleNames, name) {
			return nil, ErrHiddenClaim
		}
		found := path.Expand(claims)
		if len(found) == 0 {
			return nil, ErrNoSuchClaim
		}
		for _, concrete := range found {
			hidden[concrete.String()] = true
		}
	}
	return hidden, nil
}

// A builder turns claims into an SD-JWT payload and its disclosures.
type builder struct {
	hidden      map[string]bool
	disclosures []string
	digests     int
	saltBytes   int
	rand        io.Reader
}

func newBuilder(opts IssueOptions) (*builder, error) {
	b := &builder{digests: opts.Digests, saltBytes: opts.SaltBytes, rand: opts.Rand}
	if b.saltBytes == 0 {
		b.saltBytes = minSalt
	}
	if b.saltBytes < minSalt || b.saltBytes > maxSalt {
		return nil, fmt.Errorf("%w: salts of %d bytes", ErrOptions, b.saltBytes)
	}
	if b.digests < 0 || b.digests > limits.Disclosures {
		return nil, fmt.Errorf("%w: %d digests", ErrOptions, b.digests)
	}
	if b.rand == nil {
		b.rand = rand.Reader
	}
	return b, nil
}

func (b *builder) value(value any, at Path) (any, error) {
	switch value := value.(type) {
	case map[string]any:
		return b.object(value, at)
	case []any:
		return b.array(value, at)
	}
	return value, nil
}

func (b *builder) object(object map[string]any, at Path) (map[string]any, error) {
	out := map[string]any{}
	var digests []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		here := at.child(name)
		value, err := b.value(object[name], here)
		if err != nil {
			return nil, err
		}
		if !b.hidden[here.String()] {
			out[name] = value
			continue
		}
		digest, err := b.hide(name, value)
		if err != nil {
			return nil, err
		}
		digests = append(digests, digest)
	}
	if len(at) == 0 {
		var err error
		if digests, err = b.fill(digests); err != nil {
			return nil, err
		}
		out[nameHash] = hashSHA256
	}
	if len(digests) > 0 {
		// Digests look random, so their order shows nothing about the order of
		// the claims.
		slices.Sort(digests)
		out[nameDigests] = digests
	}
	return out, nil
}

func (b *builder) array(array []any, at Path) ([]any, error) {
	out := make([]any, len(array))
	for i, element := range array {
		here := at.child(i)
		value, err := b.value(element, here)
		if err != nil {
			return nil, err
		}
		if b.hidden[here.String()] {
			digest, err := b.hide(value)
			if err != nil {
				return nil, err
			}
			value = map[string]any{nameElement: digest}
		}
		out[i] = value
	}
	return out, nil
}

// hide makes a disclosure from a name and a value, or from the value of an
// array element, and returns its digest.
func (b *builder) hide(parts ...any) (string, error) {
	salt, err := b.random(b.saltBytes)
	if err != nil {
		return "", err
	}
	encoded, digest, err := newDisclosure(append([]any{salt}, parts...)...)
	if err != nil {
		return "", err
	}
	b.disclosures = append(b.disclosures, encoded)
	return digest, nil
}

// fill adds decoys (RFC 9901, section 4.2.5) up to the fixed number of digests.
func (b *builder) fill(digests []string) ([]string, error) {
	if b.digests == 0 {
		return digests, nil
	}
	if len(digests) > b.digests {
		return nil, fmt.Errorf("%w: %d of %d", ErrTooManyClaims, len(digests), b.digests)
	}
	for len(digests) < b.digests {
		decoy, err := b.random(32)
		if err != nil {
			return nil, err
		}
		digests = append(digests, digestOf(decoy))
	}
	return digests, nil
}

func (b *builder) random(n int) (string, error) {
	buffer := make([]byte, n)
	if _, err := io.ReadFull(b.rand, buffer); err != nil {
		return "", fmt.Errorf("%w: random source: %w", ErrOptions, err)
	}
	return base64.RawURLEncoding.EncodeToString(buffer), nil
}
