package did

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
)

// maxChain caps the number of certificates in an x5c header.
const maxChain = 8

// knownHeaders lists the members that Header has a field for, and those that
// are refused.
var knownHeaders = []string{"alg", "typ", "kid", "jwk", "x5c", "crit", "b64", "jku", "x5u"}

// Header is the protected header of a JWS (RFC 7515, section 4).
type Header struct {
	// Alg is the JOSE algorithm. SignJWS ignores it: the key decides.
	Alg string
	// Typ is the token's type in full. ParseJWS compares it byte for byte.
	Typ string
	// Kid names the key. For a DID it is the full DID URL.
	Kid string
	// JWK is an embedded public key. Protocols that prove possession of a new
	// key read it as data. Never trust it as the key to verify with.
	JWK crypto.PublicKey
	// X5C is a certificate chain in DER, leaf first. Nobody has checked it.
	X5C [][]byte
	// Extra holds all other members as JSON values.
	Extra map[string]any
}

// parseHeader reads header bytes; no other function does.
func parseHeader(data []byte) (Header, error) {
	object, err := parseObject(data, limits.Document, knownHeaders...)
	if err != nil {
		return Header{}, fmt.Errorf("%w: %w", ErrHeader, err)
	}
	if _, found := object["crit"]; found {
		return Header{}, ErrCritical
	}
	for _, name := range []string{"b64", "jku", "x5u"} {
		if _, found := object[name]; found {
			return Header{}, fmt.Errorf("%w: %s is not allowed", ErrHeader, name)
		}
	}
	var header Header
	for name, field := range map[string]*string{"alg": &header.Alg, "typ": &header.Typ, "kid": &header.Kid} {
		if *field, err = text(object, name); err != nil {
			return Header{}, fmt.Errorf("%w: %s is not a string", ErrHeader, name)
		}
	}
	return header, header.parseKeys(object)
}

func (h *Header) parseKeys(object map[string]jsontext.Value) (err error) {
	if raw, found := object["jwk"]; found {
		if h.JWK, err = ParseJWK(raw); err != nil {
			return fmt.Errorf("%w: jwk: %w", ErrHeader, err)
		}
	}
	if raw, found := object["x5c"]; found {
		if h.X5C, err = parseChain(raw); err != nil {
			return err
		}
	}
	for _, name := range knownHeaders {
		delete(object, name)
	}
	h.Extra = make(map[string]any, len(object))
	for name, raw := range object {
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			return fmt.Errorf("%w: %w", ErrHeader, errJSON)
		}
		h.Extra[name] = value
	}
	return nil
}

func parseChain(raw jsontext.Value) ([][]byte, error) {
	var texts []string
	if err := json.Unmarshal(raw, &texts); err != nil || len(texts) == 0 || len(texts) > maxChain {
		return nil, fmt.Errorf("%w: x5c is not a list of 1 to %d certificates", ErrHeader, maxChain)
	}
	chain := make([][]byte, len(texts))
	for i, certificate := range texts {
		der, err := base64.StdEncoding.Strict().DecodeString(certificate)
		if err != nil || strings.ContainsAny(certificate, "\r\n") {
			return nil, fmt.Errorf("%w: x5c is not base64", ErrHeader)
		}
		if _, err := x509.ParseCertificate(der); err != nil {
			return nil, fmt.Errorf("%w: x5c holds what is no certificate", ErrHeader)
		}
		chain[i] = der
	}
	return chain, nil
}

// members returns the header in the form that go-jose writes.
func (h Header) members(alg string) (map[jose.HeaderKey]any, error) {
	members := make(map[jose.HeaderKey]any, len(h.Extra)+5)
	for name, value := range h.Extra {
		members[jose.HeaderKey(name)] = value
	}
	for _, name := range knownHeaders {
		if _, found := h.Extra[name]; found {
			return nil, fmt.Errorf("%w: %s is not an extra member", ErrHeader, name)
		}
	}
	members["alg"] = alg
	if h.Typ != "" {
		members["typ"] = h.Typ
	}
	if h.Kid != "" {
		members["kid"] = h.Kid
	}
	if h.JWK != nil {
		if _, err := MarshalJWK(h.JWK); err != nil {
			return nil, err
		}
		members["jwk"] = &jose.JSONWebKey{Key: h.JWK}
	}
	if len(h.X5C) > 0 {
		members["x5c"] = encodeChain(h.X5C)
	}
	return members, nil
}
