package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Actions that an agency may be accredited for.
const (
	// ActionIssue lets an agency issue credentials of a type.
	ActionIssue = "issue"
	// ActionVerify lets an agency ask for credentials of a type.
	ActionVerify = "verify"
	// ActionAccredit lets an agency accredit others for a type.
	ActionAccredit = "accredit"
)

// States of an accreditation.
const (
	StateActive = "active"
	// StateSuspended counts for nothing until it is active again.
	StateSuspended = "suspended"
	// StateEnded is over in good standing: what was done before Until stays good.
	StateEnded = "ended"
	// StateRevoked is over for cause: nothing that was done under it counts any
	// more, whatever date it bears.
	StateRevoked = "revoked"
)

// AnyType, with ActionAccredit, means every credential type.
const AnyType = "*"

// MaxChain bounds the number of accreditations from an agency to the trust
// root, its own included.
const MaxChain = 8

// An Accreditation lets an agency act: for one credential type, one action, and
// one region with everything in it. It says who the agency is.
type Accreditation struct {
	_ struct{} `cbor:",toarray"`
	// Agency is the DID of the agency that may act.
	Agency string
	// Action is one of the Action constants.
	Action string
	// Region is a GB/T 2260 code; see Covers.
	Region string
	// Type is the credential type (vct), or AnyType with ActionAccredit.
	Type string
	// Accreditor is the DID of the agency that gives the accreditation.
	Accreditor string
	// Via is the key of the accreditation that entitles the accreditor. It is
	// empty for the trust root, which needs none.
	Via string
	// From is the first second in force, in Unix time; 0 means from the
	// beginning.
	From int64
	// Until is the first second no longer in force; 0 means never.
	Until int64
	// State is one of the State constants.
	State string
	// Subject says who the agency is.
	Subject Subject
}

// ParseAccreditation reads an accreditation. The error is [ErrTooLarge],
// [ErrFormat], [ErrKey], [ErrValue] or [ErrSubject].
func ParseAccreditation(b []byte) (*Accreditation, error) { return parseObject[Accreditation](b) }

// Kind returns [KindAccreditation].
func (*Accreditation) Kind() string { return KindAccreditation }

// Key returns the [AccreditationKey] of the accreditation.
func (a *Accreditation) Key() string {
	return AccreditationKey(a.Agency, a.Action, a.Region, a.Type)
}

// Bytes returns the canonical encoding.
func (a *Accreditation) Bytes() []byte { return encodeObject(*a) }

// Check returns [ErrKey], [ErrValue] or [ErrSubject] if a field is out of range.
func (a *Accreditation) Check() error {
	switch a.Action {
	case ActionIssue, ActionVerify, ActionAccredit:
	default:
		return fmt.Errorf("%w: unknown action", ErrValue)
	}
	switch a.State {
	case StateActive, StateSuspended, StateEnded, StateRevoked:
	default:
		return fmt.Errorf("%w: unknown state of an accreditation", ErrValue)
	}
	if a.State == StateEnded && a.Until == 0 {
		return fmt.Errorf("%w: an accreditation that ended has an end", ErrValue)
	}
	if a.Type == AnyType && a.Action != ActionAccredit {
		return fmt.Errorf("%w: any type is for accrediting alone", ErrValue)
	}
	if a.From < 0 || a.Until < 0 || a.Until != 0 && a.Until <= a.From {
		return fmt.Errorf("%w: accreditation ends before it begins", ErrValue)
	}
	if a.Via != "" && !strings.HasPrefix(a.Via, AccreditationPrefix(a.Accreditor)) {
		return fmt.Errorf("%w: accreditation by way of another's", ErrValue)
	}
	return firstError(CheckDID(a.Agency), CheckDID(a.Accreditor), CheckRegion(a.Region), CheckKey(a.Type), CheckKey(a.Key()), a.Subject.Check())
}

// entitles reports whether the holder of a may give b.
func (a *Accreditation) entitles(b *Accreditation) bool {
	return a.Agency == b.Accreditor && a.Action == ActionAccredit &&
		(a.Type == b.Type || a.Type == AnyType) && Covers(a.Region, b.Region)
}

// inGoodStanding returns the reason why the accreditation counts at no time, or
// nil.
func (a *Accreditation) inGoodStanding() error {
	switch a.State {
	case StateSuspended:
		return ErrSuspended
	case StateRevoked:
		return ErrAccreditationRevoked
	}
	return nil
}

// inForce returns the reason why the accreditation does not count at that time,
// or nil.
func (a *Accreditation) inForce(at time.Time) error {
	switch t := at.Unix(); {
	case a.inGoodStanding() != nil:
		return a.inGoodStanding()
	case t >= a.From && (a.Until == 0 || t < a.Until):
		return nil
	case a.State == StateEnded && t >= a.Until:
		return ErrEnded
	}
	return ErrNotInForce
}

// A State reads current values of the state map: a View from its proofs, the
// state machine from its store. Get returns ErrAbsent if there is no value.
type State interface {
	Get(key string) ([]byte, error)
}

// Accredited finds a chain of accreditations in force from agency to root: for
// credentials of type typ, for action, in region. The first link is the
// agency's own. The chain is empty for the root itself, which may do
// everything. Errors: [ErrNotAccredited], an [*AccreditationError], a
// [*NotProvedError] that names all missing keys, [ErrKey] or [ErrValue] for a
// malformed argument, and the state's own.
func Accredited(state State, root, agency, typ, action, region string, at time.Time) ([]Accreditation, error) {
	if agency == root {
		return nil, nil
	}
	keys, err := candidates(agency, typ, action, region)
	if err != nil {
		return nil, err
	}
	var failed error = ErrNotAccredited
	var missing []string
	for _, key := range keys {
		chain, err := Chain(state, root, key, at)
		var unknown *NotProvedError
		switch {
		case err == nil: // one is enough, whatever the others are
			return chain, nil
		case errors.As(err, &unknown):
			missing = append(missing, unknown.Keys...)
		case !errors.Is(err, ErrNotAccredited):
			return nil, err
		case !errors.Is(err, ErrAbsent):
			failed = err
		}
	}
	if len(missing) > 0 { // reports all missing keys at once, so that Resolve needs one round
		return nil, need(state, append(missing, DIDKey(agency))...)
	}
	return nil, failed
}

// candidates returns the keys at which a sufficient accreditation may stand.
func candidates(agency, typ, action, region string) ([]string, error) {
	if err := firstError(CheckDID(agency), CheckKey(typ), checkName(action), CheckRegion(region)); err != nil {
		return nil, err
	}
	var keys []string
	for _, r := range regionsAround(region) {
		keys = append(keys, AccreditationKey(agency, action, r, typ))
		if action == ActionAccredit && typ != AnyType {
			keys = append(keys, AccreditationKey(agency, action, r, AnyType))
		}
	}
	return keys, nil
}

// need reports all keys that the state cannot answer at once, so that Resolve
// needs one round.
func need(state State, keys ...string) error {
	var missing []string
	for _, key := range keys {
		_, err := state.Get(key)
		var e *NotProvedError
		if errors.As(err, &e) {
			missing = append(missing, e.Keys...)
		}
	}
	if len(missing) > 0 {
		return &NotProvedError{Keys: missing}
	}
	return nil
}

// Chain walks from the accreditation at key to the root, and returns it, the
// accreditor's accreditation, and so on. Each must be in force at that time and
// not suspended or revoked today, given by an agency that was entitled to give
// it, to an agency whose DID is not deactivated. Errors: an
// [*AccreditationError], a [*NotProvedError], and the state's own.
func Chain(state State, root, key string, at time.Time) ([]Accreditation, error) {
	return walk(state, root, key, func(a *Accreditation) error { return a.inForce(at) })
}

// A Term is a period in which every link of a chain is in force: from the second
// From until before the second Until, 0 for an open end.
type Term struct{ From, Until int64 }

// Standing is Chain for all times at once: it returns the chain, if it is in good
// standing today, and its term, which may be empty. Errors are those of Chain.
func Standing(state State, root, key string) (chain []Accreditation, term Term, err error) {
	chain, err = walk(state, root, key, (*Accreditation).inGoodStanding)
	for i := range chain {
		term = term.within(chain[i].From, chain[i].Until)
	}
	return chain, term, err
}

// Restorable is Chain where no link is revoked: what is suspended or over in it may be
// restored. Errors are those of Chain.
func Restorable(state State, root, key string) ([]Accreditation, error) {
	return walk(state, root, key, func(a *Accreditation) error {
		if a.State == StateRevoked {
			return ErrAccreditationRevoked
		}
		return nil
	})
}

// within is what a term and a period have in common.
func (t Term) within(from, until int64) Term {
	t.From = max(t.From, from)
	if t.Until == 0 || until != 0 && until < t.Until {
		t.Until = until
	}
	return t
}

// Days returns the first and the last [Day] at whose beginning both the term and
// the proof key are in force: a credential of one of these days counts. ok is
// false if there is none.
func (t Term) Days(key *PublicKey) (from, until uint32, ok bool) {
	if key.Compromised() {
		return 0, 0, false
	}
	t = t.within(key.From, key.Until)
	return daysOf(t.From, t.Until)
}

// IssuingDays returns the days of an agency's leaf in the registry for one of its
// proof keys; see [Term.Days]. ok is false if there is no such leaf. Errors: a
// [*NotProvedError], and the state's own.
func IssuingDays(state State, root, agency string, key []byte, typ, region string) (from, until uint32, ok bool, err error) {
	_, term, err := Standing(state, root, AccreditationKey(agency, ActionIssue, region, typ))
	if errors.Is(err, ErrNotAccredited) {
		return 0, 0, false, nil
	}
	if err != nil {
		return 0, 0, false, err
	}
	object, err := readDID(state, agency)
	if err != nil {
		return 0, 0, false, err
	}
	for i := range object.Keys {
		if k := &object.Keys[i]; k.Purpose == PurposeProof && slices.Equal(k.Public, key) {
			from, until, ok = term.Days(k)
			return from, until, ok, nil
		}
	}
	return 0, 0, false, nil
}

// walk reads the links from the one at key to the root. judge returns why a link
// does not count, or nil.
func walk(state State, root, key string, judge func(*Accreditation) error) ([]Accreditation, error) {
	var chain []Accreditation
	for {
		if len(chain) == MaxChain {
			return nil, &AccreditationError{key, ErrChain}
		}
		a, err := link(state, key, judge)
		if err != nil {
			return nil, err
		}
		if len(chain) > 0 && !a.entitles(&chain[len(chain)-1]) {
			return nil, &AccreditationError{key, ErrChain}
		}
		chain = append(chain, *a)
		if a.Accreditor == root {
			return chain, nil
		}
		if a.Via == "" {
			return nil, &AccreditationError{key, ErrChain}
		}
		key = a.Via
	}
}

// CheckEntitled walks from the accreditor of a to the root, and reports whether
// a may be given at that time. Errors are those of Chain.
func CheckEntitled(state State, root string, a *Accreditation, at time.Time) error {
	if a.Accreditor == root && a.Via == "" {
		return nil
	}
	if a.Via == "" {
		return &AccreditationError{a.Key(), ErrChain}
	}
	chain, err := Chain(state, root, a.Via, at)
	if err != nil {
		return err
	}
	if len(chain) == MaxChain || !chain[0].entitles(a) {
		return &AccreditationError{a.Via, ErrChain}
	}
	return nil
}

// link reads one accreditation and judges it alone.
func link(state State, key string, judge func(*Accreditation) error) (*Accreditation, error) {
	a, err := readFrom(state, key, ParseAccreditation)
	if errors.Is(err, ErrAbsent) {
		return nil, &AccreditationError{key, ErrAbsent}
	}
	if err != nil {
		return nil, err
	}
	if a.Key() != key {
		return nil, fmt.Errorf("%w: accreditation under another's key", ErrFormat)
	}
	if err := judge(a); err != nil {
		return nil, &AccreditationError{key, err}
	}
	if a.Via != "" {
		if err := need(state, DIDKey(a.Agency), a.Via, DIDKey(a.Accreditor)); err != nil {
			return nil, err
		}
	}
	agency, err := readDID(state, a.Agency)
	if err != nil {
		return nil, err
	}
	if agency.Deactivated {
		return nil, &AccreditationError{key, ErrDeactivated}
	}
	return a, nil
}

func readDID(state State, did string) (*DID, error) {
	return readFrom(state, DIDKey(did), func(b []byte) (*DID, error) { return ParseDID(did, b) })
}

// readFrom parses a value, once for a checkpoint that a view holds.
func readFrom[T any](state State, key string, parse func([]byte) (*T, error)) (*T, error) {
	if view, ok := state.(*View); ok {
		return read(view, key, parse)
	}
	b, err := state.Get(key)
	if err != nil {
		return nil, err
	}
	return parse(b)
}
