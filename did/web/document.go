package web

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// members are the names that this package reads. No other may differ in case alone.
var members = []string{"id", "verificationMethod", "assertionMethod", "type", "controller", "publicKeyJwk", "publicKeyMultibase"}

// Parse reads the document of a DID. Keys of other suites are passed over; without one that
// may sign the error is [ErrDocument].
func Parse(b []byte, id string) (*did.Document, error) {
	value, err := strictjson.Value(b, limits.Document)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	object, err := objectOf(value)
	if err != nil {
		return nil, err
	}
	if object["id"] != id {
		return nil, fmt.Errorf("%w: it is another's", ErrDocument)
	}
	methods, _ := object["verificationMethod"].([]any)
	signing, _ := object["assertionMethod"].([]any)
	if len(methods)+len(signing) > maxKeys {
		return nil, fmt.Errorf("%w: above %d keys", ErrDocument, maxKeys)
	}
	document := &did.Document{ID: id}
	for _, named := range signing {
		key, err := keyOf(id, methods, named)
		if errors.Is(err, did.ErrUnsupportedKey) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDocument, err)
		}
		if slices.ContainsFunc(document.Keys, func(k did.Key) bool { return k.ID == key.ID }) {
			return nil, fmt.Errorf("%w: two keys of one id", ErrDocument)
		}
		document.Keys = append(document.Keys, key)
	}
	if len(document.Keys) == 0 {
		return nil, fmt.Errorf("%w: no key of it may sign", ErrDocument)
	}
	return document, nil
}

func objectOf(value any) (map[string]any, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: no object", ErrDocument)
	}
	for name := range object {
		if slices.ContainsFunc(members, func(m string) bool { return m != name && strings.EqualFold(m, name) }) {
			return nil, fmt.Errorf("%w: a member differs from a known one in case alone", ErrDocument)
		}
	}
	return object, nil
}

// keyOf reads the verification method that an element of assertionMethod names, or is.
func keyOf(id string, methods []any, named any) (did.Key, error) {
	name, byName := named.(string)
	if !byName {
		return readKey(id, named)
	}
	var found any
	for _, m := range methods {
		object, _ := m.(map[string]any)
		if text, _ := object["id"].(string); absolute(id, text) != absolute(id, name) {
			continue
		}
		if found != nil {
			return did.Key{}, fmt.Errorf("%w: two keys of one id", ErrDocument)
		}
		found = m
	}
	return readKey(id, found)
}

// absolute is the full DID URL of a key that a document may name by its fragment.
func absolute(id, name string) string {
	if strings.HasPrefix(name, "#") {
		return id + name
	}
	return name
}

// readKey reads a verification method. It is the DID's own: another controller's key would
// be for that one to take back.
func readKey(id string, method any) (key did.Key, err error) {
	object, err := objectOf(method)
	if err != nil {
		return key, err
	}
	name, _ := object["id"].(string)
	kind, _ := object["type"].(string)
	key.ID, key.Controller = absolute(id, name), id
	owner, _, err := did.ParseURL(key.ID)
	if err != nil || owner.String() != id || object["controller"] != id {
		return key, fmt.Errorf("%w: a key of another DID", ErrDocument)
	}
	jwk, isJWK := object["publicKeyJwk"].(map[string]any)
	text, isMultibase := object["publicKeyMultibase"].(string)
	switch {
	case isJWK && !isMultibase:
		key.Public, err = did.JWK(jwk)
	case isMultibase && !isJWK && (kind == "Multikey" || kind == "Ed25519VerificationKey2020"):
		key.Public, err = multikey(text)
	default:
		err = did.ErrUnsupportedKey
	}
	if err != nil {
		return key, err
	}
	suite, err := did.DefaultSuites().ForKey(key.Public)
	if err != nil {
		return key, did.ErrUnsupportedKey
	}
	key.Alg = suite.Alg()
	return key, nil
}

// multikey reads a key as did:key writes it.
func multikey(text string) (crypto.PublicKey, error) {
	document, err := did.MethodKey{}.Resolve(context.Background(), "did:key:"+text)
	if err != nil {
		return nil, err
	}
	return document.Keys[0].Public, nil
}
