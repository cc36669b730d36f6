package credential

import (
	"fmt"

	"github.com/hufu-id/hufu/internal/limits"
)

// processed is an issuer's payload with its disclosures in place.
type processed struct {
	claims map[string]any
	// paths holds the place of each disclosure, in the order in which they were
	// given.
	paths []Path
	// undisclosed counts the digests without a disclosure, decoys included.
	undisclosed int
}

// A processor runs the algorithm of RFC 9901, section 7.1, step 3.
type processor struct {
	disclosures []disclosure
	byDigest    map[string]int
	seen        map[string]bool
	paths       []Path
	undisclosed int
}

// process puts the disclosures into the payload. It checks every rule that
// needs neither a key nor a clock.
func process(payload map[string]any, disclosures []disclosure) (*processed, error) {
	if alg, found := payload[nameHash]; found && alg != hashSHA256 {
		return nil, ErrHashAlgorithm
	}
	p := &processor{disclosures: disclosures, byDigest: make(map[string]int, len(disclosures)), seen: map[string]bool{}, paths: make([]Path, len(disclosures))}
	for i, d := range disclosures {
		if _, found := p.byDigest[d.digest]; found {
			return nil, ErrDuplicateDisclosure
		}
		p.byDigest[d.digest] = i
	}
	claims, err := p.object(payload, nil)
	if err != nil {
		return nil, err
	}
	for _, path := range p.paths {
		if path == nil {
			return nil, ErrUnreferenced
		}
	}
	return &processed{claims: claims, paths: p.paths, undisclosed: p.undisclosed}, nil
}

func (p *processor) value(value any, at Path) (any, error) {
	if len(at) > limits.JSONDepth {
		return nil, ErrDepth
	}
	switch value := value.(type) {
	case map[string]any:
		return p.object(value, at)
	case []any:
		return p.array(value, at)
	}
	return value, nil
}

// below processes a member or element of what lies at a path. Only what can hold
// digests needs a path of its own.
func (p *processor) below(value any, at Path, element any) (any, error) {
	switch value.(type) {
	case map[string]any, []any:
		return p.value(value, at.child(element))
	}
	if len(at) >= limits.JSONDepth {
		return nil, ErrDepth
	}
	return value, nil
}

// object changes the object that it is given, which nobody else holds.
func (p *processor) object(object map[string]any, at Path) (map[string]any, error) {
	digests, found := object[nameDigests]
	delete(object, nameDigests)
	if len(at) == 0 {
		delete(object, nameHash)
	}
	for name, member := range object {
		if holdsDigests(name) {
			return nil, ErrReservedName
		}
		value, err := p.below(member, at, name)
		if err != nil {
			return nil, err
		}
		object[name] = value
	}
	if !found {
		return object, nil
	}
	list, ok := digests.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: %s is not a list", ErrDigest, nameDigests)
	}
	for _, digest := range list {
		if err := p.member(object, digest, at); err != nil {
			return nil, err
		}
	}
	return object, nil
}

// member adds the claim behind one digest of an _sd list, if the claim is
// disclosed.
func (p *processor) member(out map[string]any, digest any, at Path) error {
	d, path, err := p.lookup(digest)
	if err != nil || d == nil {
		return err
	}
	if d.element {
		return ErrDisclosureKind
	}
	if len(at) == 0 && d.name == nameHash {
		return ErrReservedName
	}
	if _, found := out[d.name]; found {
		return ErrCollision
	}
	*path = at.child(d.name)
	out[d.name], err = p.value(d.value, *path)
	return err
}

func (p *processor) array(array []any, at Path) ([]any, error) {
	out := make([]any, 0, len(array))
	for _, element := range array {
		digest, hidden, err := placeholder(element)
		if err != nil {
			return nil, err
		}
		here := at.child(len(out))
		if hidden {
			d, path, err := p.lookup(digest)
			if err != nil {
				return nil, err
			}
			if d == nil {
				continue
			}
			if !d.element {
				return nil, ErrDisclosureKind
			}
			*path, element = here, d.value
		}
		value, err := p.value(element, here)
		if err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	return out, nil
}

// placeholder recognises {"...": digest} (RFC 9901, section 4.2.4.2).
func placeholder(element any) (digest any, hidden bool, err error) {
	object, ok := element.(map[string]any)
	if !ok {
		return nil, false, nil
	}
	digest, hidden = object[nameElement]
	if hidden && len(object) != 1 {
		return nil, false, fmt.Errorf("%w: %q beside other members", ErrDigest, nameElement)
	}
	return digest, hidden, nil
}

// lookup returns the disclosure of a digest, and the place where its path
// belongs. It returns nil for a digest that was not disclosed.
func (p *processor) lookup(digest any) (*disclosure, *Path, error) {
	text, ok := digest.(string)
	if !ok || !isDigest(text) {
		return nil, nil, fmt.Errorf("%w: not SHA-256 in base64url", ErrDigest)
	}
	if p.seen[text] {
		return nil, nil, ErrDuplicateDigest
	}
	p.seen[text] = true
	i, found := p.byDigest[text]
	if !found {
		p.undisclosed++
		return nil, nil, nil
	}
	return &p.disclosures[i], &p.paths[i], nil
}
