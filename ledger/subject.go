package ledger

import (
	"fmt"
	"strings"

	"github.com/hufu-id/hufu/internal/gb"
)

// maxContact caps a contact in bytes.
const maxContact = 128

// A Subject says who an agency is. Its accreditor vouches for it: it is part of
// the accreditation, and proved with it.
type Subject struct {
	_ struct{} `cbor:",toarray"`
	// Name is the agency's name; see CheckName.
	Name Text
	// Code is the agency's unified social credit code (GB 32100-2015).
	Code string
	// Contact says how to reach the agency: a telephone number, a URL or both, in
	// 1 to 128 characters of printable ASCII.
	Contact string
}

// Check returns [ErrSubject] if a field is missing or out of range.
func (s Subject) Check() error {
	if fault := gb.CheckUSCC(s.Code); fault != "" {
		return fmt.Errorf("%w: unified social credit code: %s", ErrSubject, fault)
	}
	if s.Contact == "" || len(s.Contact) > maxContact || strings.TrimSpace(s.Contact) != s.Contact ||
		strings.ContainsFunc(s.Contact, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Errorf("%w: contact is not 1 to %d characters of printable ASCII", ErrSubject, maxContact)
	}
	return firstError(CheckName(s.Name.Chinese), CheckName(s.Name.English))
}

// Keys returns the keys under which the ledger notes who bears the code and the
// names, the code's first: two, or three where the names differ.
func (s Subject) Keys() []string {
	keys := []string{CodeKey(s.Code), NameKey(s.Name.Chinese)}
	if english := NameKey(s.Name.English); english != keys[1] {
		keys = append(keys, english)
	}
	return keys
}

// RootKey returns the key at which the root agency describes itself: an
// accreditation from itself to itself, for everything. The root needs none to act.
func RootKey(root string) string {
	return AccreditationKey(root, ActionAccredit, "000000", AnyType)
}

// Subject says who the agency of a chain is: of the first link, or of the root
// where the chain is empty, because the root is accredited by nobody. The error is
// [ErrAbsent] if the root has not described itself, a [*NotProvedError], or one of
// ParseAccreditation.
func (v *View) Subject(chain []Accreditation) (Subject, error) {
	if len(chain) > 0 {
		return chain[0].Subject, nil
	}
	a, err := read(v, RootKey(v.trust.RootDID), ParseAccreditation)
	if err != nil {
		return Subject{}, err
	}
	return a.Subject, nil
}
