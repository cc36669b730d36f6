package provenance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/legible"
)

// ErrUnresolved means that the keys of a pinned agency cannot be had now.
var ErrUnresolved = errors.New("provenance: keys of a pinned agency cannot be had")

// Pin is an agency that the reader trusts by its name or its keys.
type Pin struct {
	// ID is the agency as its messages name it: iss, or a DID. Where it is a DID and Keys
	// is empty, the DID is resolved: did:jwk and did:key hold their key, did:web is
	// fetched.
	ID string
	// Keys are the agency's, for an ID that resolves to nothing. A kid is compared with
	// Key.ID; one key alone needs none.
	Keys []did.Key
	// Name is what people call the agency.
	Name string
	Trust
}

// Pinned makes a Source of agencies that the reader lists one by one. resolver resolves
// DIDs; nil means did.SelfContained, which knows did:jwk and did:key. A pinned agency is
// decided on here alone. The error is [ErrTrust].
func Pinned(resolver did.Resolver, pins ...Pin) (Source, error) {
	if resolver == nil {
		resolver = did.SelfContained()
	}
	s := &underPins{resolver: resolver, pins: map[string]*Pin{}}
	for _, p := range pins {
		if err := p.check(); err != nil {
			return nil, err
		}
		if s.pins[p.ID] != nil {
			return nil, fmt.Errorf("%w: one agency is pinned twice", ErrTrust)
		}
		s.pins[p.ID] = &p
	}
	if len(pins) == 0 {
		return nil, fmt.Errorf("%w: nobody is pinned", ErrTrust)
	}
	return s, nil
}

func (p *Pin) check() error {
	if err := p.Trust.check(); err != nil {
		return err
	}
	_, err := did.Parse(p.ID)
	switch {
	case p.ID == "" || len(p.Keys) == 0 && err != nil:
		return fmt.Errorf("%w: a pin is a DID, or a name with keys", ErrTrust)
	case legible.Check(p.Name, legible.Limits{Blank: true}) != nil:
		return fmt.Errorf("%w: the name of a pin is not legible", ErrTrust)
	}
	for i, key := range p.Keys {
		if _, err := did.DefaultSuites().ForKey(key.Public); err != nil {
			return fmt.Errorf("%w: a key of no suite: %w", ErrTrust, err)
		}
		if slices.ContainsFunc(p.Keys[:i], func(k did.Key) bool { return k.ID == key.ID }) {
			return fmt.Errorf("%w: two keys of one id", ErrTrust)
		}
	}
	return nil
}

type underPins struct {
	resolver did.Resolver
	pins     map[string]*Pin
}

// pinnedAnchor names the anchor of all pins.
const pinnedAnchor = "the agencies listed here"

func (s *underPins) Anchor() string { return pinnedAnchor }

func (s *underPins) Names(id string) bool { return s.pins[id] != nil }

func (s *underPins) Identify(ctx context.Context, m Message) (*Origin, error) {
	m = m.times()
	pin := s.pins[m.ID]
	if pin == nil {
		return nil, fmt.Errorf("%w: it is not listed", ErrUnknown)
	}
	document, err := s.document(ctx, pin)
	if err != nil {
		return nil, err
	}
	origin := &Origin{ID: m.ID, Name: legible.Line(pin.Name), Anchor: pinnedAnchor, Document: document}
	if origin.Key, err = pinnedKey(document, m.Header.Kid); err != nil {
		return nil, err
	}
	// A key that ended is not believed what it dates back: nothing but the message says
	// when it was signed.
	return origin, origin.Key.CheckAt(m.Now)
}

// document has the keys of a pin. That a DID cannot be resolved now says nothing about who
// signed.
func (s *underPins) document(ctx context.Context, pin *Pin) (*did.Document, error) {
	if len(pin.Keys) > 0 {
		return &did.Document{ID: pin.ID, Keys: pin.Keys}, nil
	}
	document, err := s.resolver.Resolve(ctx, pin.ID)
	if err != nil {
		return nil, unchecked{fmt.Errorf("%w: %w", ErrUnresolved, err)}
	}
	return document, nil
}

// pinnedKey finds the key that a header names: by its full id, by its fragment, or, where
// the header names none, the only one.
func pinnedKey(document *did.Document, kid string) (did.Key, error) {
	if kid == "" && len(document.Keys) == 1 {
		return document.Keys[0], nil
	}
	if strings.HasPrefix(kid, "#") {
		kid = document.ID + kid
	}
	return document.Key(kid)
}

func (s *underPins) Vouch(_ context.Context, origin *Origin, deed Deed) ([]ledger.Accreditation, error) {
	return nil, s.pins[origin.ID].allows(deed)
}

func (s *underPins) ListKey(_ context.Context, origin *Origin, header did.Header, now time.Time) (did.Key, error) {
	key, err := pinnedKey(origin.Document, header.Kid)
	if err != nil {
		return did.Key{}, err
	}
	return key, key.CheckAt(now)
}

// needsStatus implements statusRule.
func (s *underPins) needsStatus(origin *Origin) bool { return s.pins[origin.ID].Status }
