package ledger

import (
	"cmp"
	"fmt"
	"slices"
)

// Who must sign one step of a record, as bits of Transition.Signers.
const (
	// SignerRegistrar is the agency that keeps the record. It is accredited to
	// issue the rule's type in the record's region.
	SignerRegistrar = 1 << iota
	// SignerHolder is the holder of the record before this step.
	SignerHolder
	// SignerNext is the holder of the record after this step.
	SignerNext

	allSigners = SignerRegistrar | SignerHolder | SignerNext
)

// Caps on one rule.
const (
	maxTransitions = 64
	maxState       = 32
)

// A Rule fixes one version of what an agency decides by: the policy of a
// counter, or the steps that a kind of record may take. It is write-once, so
// that anyone can judge later what was decided under a version.
type Rule struct {
	_ struct{} `cbor:",toarray"`
	// ID and Version name the rule.
	ID      string
	Version uint32
	// Hash is the SHA-256 of the policy file, or of the text that the rule
	// implements.
	Hash [32]byte
	// Owner is the DID of the agency that owns the rule. A Use under the rule
	// needs the owner's signature, and counts in the owner's scope.
	Owner string
	// MaxAge bounds, in seconds, how long before a Use the epoch of its proofs
	// may have closed; 0 means that the rule does not allow uses.
	MaxAge uint32
	// Question is what the person of a use proves. It is empty if the rule does
	// not allow uses.
	Question Question
	// Type is the credential type whose issuers keep records under the rule. It
	// is empty if the rule does not allow records.
	Type string
	// Transitions lists the steps that a record may take, in ascending order of
	// From, then To.
	Transitions []Transition
}

// A Question names what is proved, about which credential.
type Question struct {
	_ struct{} `cbor:",toarray"`
	// Schema and Version name the credential's schema.
	Schema  string
	Version uint32
	// Statement is the digest of the statement, as the ZK of the state machine
	// computes it.
	Statement [32]byte
}

// A Transition is a step from one state of a record to another.
type Transition struct {
	_ struct{} `cbor:",toarray"`
	// From is empty for the step that begins a record.
	From, To string
	// Signers combines SignerRegistrar, SignerHolder and SignerNext: all of
	// them must sign.
	Signers uint32
}

// ParseRule reads a rule. The error is [ErrTooLarge], [ErrFormat], [ErrKey] or
// [ErrValue].
func ParseRule(b []byte) (*Rule, error) { return parseObject[Rule](b) }

// Kind returns [KindRule].
func (*Rule) Kind() string { return KindRule }

// Key returns the [RuleKey] of the rule.
func (r *Rule) Key() string { return RuleKey(r.Owner, r.ID, r.Version) }

// Bytes returns the canonical encoding.
func (r *Rule) Bytes() []byte { return encodeObject(*r) }

// Transition returns the step between two states, and whether the rule has it.
func (r *Rule) Transition(from, to string) (Transition, bool) {
	i := slices.IndexFunc(r.Transitions, func(t Transition) bool { return t.From == from && t.To == to })
	if i < 0 {
		return Transition{}, false
	}
	return r.Transitions[i], true
}

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (r *Rule) Check() error {
	if r.Version == 0 {
		return fmt.Errorf("%w: rule version 0", ErrValue)
	}
	if uses := r.MaxAge != 0; uses != (r.Question != Question{}) || uses && (r.Question.Version == 0 || r.Question.Statement == [32]byte{}) {
		return fmt.Errorf("%w: a rule for uses has a question, and no other", ErrValue)
	}
	if r.MaxAge != 0 {
		if err := CheckKey(r.Question.Schema); err != nil {
			return err
		}
	}
	if (r.Type == "") != (len(r.Transitions) == 0) || len(r.Transitions) > maxTransitions {
		return fmt.Errorf("%w: a rule for records has a type and 1 to %d transitions", ErrValue, maxTransitions)
	}
	if r.Type != "" {
		if err := CheckKey(r.Type); err != nil {
			return err
		}
	}
	for i, t := range r.Transitions {
		if err := t.check(); err != nil {
			return err
		}
		if i > 0 && compareTransitions(r.Transitions[i-1], t) >= 0 {
			return fmt.Errorf("%w: transitions out of order or twice", ErrValue)
		}
	}
	return firstError(CheckKey(r.ID), CheckDID(r.Owner), CheckKey(r.Key()))
}

// compareTransitions orders by From, then To.
func compareTransitions(a, b Transition) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}

func (t Transition) check() error {
	if t.Signers == 0 || t.Signers&^allSigners != 0 {
		return fmt.Errorf("%w: a transition needs signers", ErrValue)
	}
	if t.From == "" && t.Signers&SignerRegistrar == 0 {
		return fmt.Errorf("%w: a record begins with its registrar's signature", ErrValue)
	}
	if t.From == "" && t.Signers&SignerHolder != 0 {
		return fmt.Errorf("%w: nobody holds a record before it begins", ErrValue)
	}
	if t.From != "" {
		if err := checkState(t.From); err != nil {
			return err
		}
	}
	return checkState(t.To)
}

// checkState accepts a short name in lower case.
func checkState(s string) error {
	if s == "" || len(s) > maxState {
		return fmt.Errorf("%w: state of %d characters", ErrValue, len(s))
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && c != '-' {
			return fmt.Errorf("%w: a state is lower-case letters and hyphens", ErrValue)
		}
	}
	return nil
}

// A Trail is the current state of one record: a parcel's title, an invoice, a
// batch of a medicine. Its first value begins the record. Each further value is
// a step that its rule allows. Nothing in it says what the record is or whom it
// concerns.
type Trail struct {
	_ struct{} `cbor:",toarray"`
	// Record names the record: a salted hash of the register's name for it.
	Record [32]byte
	// Founder is the DID of the agency that began the record, and its registrar at
	// first. It never changes, so that the record keeps its key.
	Founder string
	// RuleOwner, Rule and Version name the rule. They never change.
	RuleOwner string
	Rule      string
	Version   uint32
	// Sequence is 0 at first and grows by one with every step.
	Sequence uint64
	// State is one of the rule's states.
	State string
	// Previous is the SHA-256 of the value before; zero at first.
	Previous [32]byte
	// Commitment is a salted hash of what the register now says about the
	// record. It is fresh with every step, so that equal contents do not show.
	Commitment [32]byte
	// Holder is the signature key of the record's holder, made for this record
	// only; empty if the record has no holder. It changes only in a step that
	// asks for SignerNext.
	Holder []byte
	// Registrar is the DID of the agency that keeps the record from now on.
	Registrar string
	// Region is the GB/T 2260 code of the record's region. It never changes.
	Region string
}

// ParseTrail reads a trail. The error is [ErrTooLarge], [ErrFormat], [ErrKey] or
// [ErrValue].
func ParseTrail(b []byte) (*Trail, error) { return parseObject[Trail](b) }

// Kind returns [KindTrail].
func (*Trail) Kind() string { return KindTrail }

// Key returns the [TrailKey] of the record.
func (t *Trail) Key() string { return TrailKey(t.Founder, t.Record) }

// Bytes returns the canonical encoding.
func (t *Trail) Bytes() []byte { return encodeObject(*t) }

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (t *Trail) Check() error {
	if t.Version == 0 || t.Commitment == ([32]byte{}) || len(t.Holder) > maxKeyBytes {
		return fmt.Errorf("%w: trail without a version or commitment, or with too long a key", ErrValue)
	}
	if (t.Sequence == 0) != (t.Previous == [32]byte{}) {
		return fmt.Errorf("%w: the first value of a trail has no previous, each other one", ErrValue)
	}
	if t.Sequence == 0 && t.Registrar != t.Founder {
		return fmt.Errorf("%w: a record is begun by its registrar", ErrValue)
	}
	return firstError(checkState(t.State), CheckDID(t.Founder), CheckDID(t.RuleOwner), CheckKey(RuleKey(t.RuleOwner, t.Rule, t.Version)),
		CheckDID(t.Registrar), CheckRegion(t.Region))
}
