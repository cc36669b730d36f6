package credential

import (
	"fmt"
	"iter"
	"math"
	"slices"
)

// maxPath caps the elements of a path. Claims nest no deeper.
const maxPath = 32

// A Path is a claims path pointer (OpenID4VP 1.0, section 7). A string selects
// a member of an object, a non-negative int an element of an array, nil all
// elements of an array. Examples are Path{"address", "street"} and
// Path{"nationalities", nil}.
type Path []any

// ParsePath reads the JSON form, an array such as ["address","street"]. The
// error is [ErrPath].
func ParsePath(data []byte) (Path, error) {
	value, err := decodeValue(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPath, err)
	}
	elements, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: not an array", ErrPath)
	}
	path := make(Path, len(elements))
	for i, element := range elements {
		path[i] = element
		if n, ok := element.(int64); ok && n >= 0 && n <= math.MaxInt32 {
			path[i] = int(n)
		}
	}
	if err := path.check(); err != nil {
		return nil, err
	}
	return path, nil
}

func (p Path) check() error {
	if len(p) == 0 || len(p) > maxPath {
		return fmt.Errorf("%w: %d elements", ErrPath, len(p))
	}
	for _, element := range p {
		switch element := element.(type) {
		case nil, string:
		case int:
			if element < 0 {
				return fmt.Errorf("%w: negative index", ErrPath)
			}
		default:
			return fmt.Errorf("%w: element is no string, index or null", ErrPath)
		}
	}
	return nil
}

// String returns the JSON form. Equal paths have the same text.
func (p Path) String() string {
	data, err := encodeValue([]any(p))
	if err != nil {
		return "[]"
	}
	return string(data)
}

// UnmarshalJSON reads the JSON form. The error is [ErrPath].
func (p *Path) UnmarshalJSON(data []byte) error {
	parsed, err := ParsePath(data)
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}

// MarshalJSON writes the JSON form. The error is [ErrPath].
func (p Path) MarshalJSON() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return encodeValue([]any(p))
}

// Select yields every value that p selects in claims, in order, with its concrete path,
// without nil. It yields nothing if p selects nothing or is malformed.
func (p Path) Select(claims map[string]any) iter.Seq2[Path, any] {
	return func(yield func(Path, any) bool) {
		if p.check() == nil {
			walkPath(claims, p, make(Path, 0, len(p)), yield)
		}
	}
}

// Expand returns the paths of Select.
func (p Path) Expand(claims map[string]any) (found []Path) {
	for at := range p.Select(claims) {
		found = append(found, at)
	}
	return found
}

// Values returns the values of Select.
func (p Path) Values(claims map[string]any) (found []any) {
	for _, value := range p.Select(claims) {
		found = append(found, value)
	}
	return found
}

// walkPath reports whether to go on. A path that names one value is written into at, which
// has room for it.
func walkPath(value any, rest, at Path, yield func(Path, any) bool) bool {
	if len(rest) == 0 {
		return yield(at, value)
	}
	object, isObject := value.(map[string]any)
	array, isArray := value.([]any)
	switch element := rest[0].(type) {
	case string:
		if member, ok := object[element]; isObject && ok {
			return walkPath(member, rest[1:], append(at, element), yield)
		}
	case int:
		if isArray && element < len(array) {
			return walkPath(array[element], rest[1:], append(at, element), yield)
		}
	case nil:
		for i, member := range array {
			// A copy with room of its own: siblings would write over one another.
			if !walkPath(member, rest[1:], append(append(make(Path, 0, cap(at)), at...), i), yield) {
				return false
			}
		}
	}
	return true
}

// child returns a new path. Appending to p itself could overwrite a sibling.
func (p Path) child(element any) Path { return append(slices.Clip(p), element) }

// Contains reports whether other is p or lies below p. Both are concrete.
func (p Path) Contains(other Path) bool { return p.contains(other) }

// contains reports whether other is p or lies below p. Both are concrete.
func (p Path) contains(other Path) bool {
	return len(p) <= len(other) && slices.Equal(p, other[:len(p)])
}
