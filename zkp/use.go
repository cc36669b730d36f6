package zkp

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"
)

const useMagic = "hufu/use/1\x00"

// predicateSize is the length of op ‖ slot ‖ operand. The operand of a range is
// low u64 ‖ high u64 ‖ zeros.
const predicateSize = 2 + 32

// maxText caps a text of a Use or of an Endorsement in bytes.
const maxText = 512

// statementDomain separates the digest of a statement from a hash of anything else.
const statementDomain = "hufu/statement/1\x00"

// Digest returns SHA-256("hufu/statement/1" ‖ 0x00 ‖ four predicates of 34 bytes ‖
// table u16), as a Use holds them: what the rule of an event fixes.
func (s *Statement) Digest() [32]byte { return sha256.Sum256(s.append([]byte(statementDomain))) }

func (s *Statement) append(b []byte) []byte {
	for _, p := range s.Predicates {
		b = p.append(b)
	}
	return binary.BigEndian.AppendUint16(b, s.Table)
}

// A Use is one answer with everything that a stranger needs to verify it. The
// ledger carries it where a person is counted once in an event. It asks one
// question about one credential in a scope of kind ScopeCounted. It asks about no
// set, because the members would have to travel too. The nonce of the answer's
// request was UseNonce.
type Use struct {
	// Salt is drawn for this use, so that nobody can guess a payload from the
	// nonce.
	Salt [16]byte
	// Audience, Query and Expiry come from the request.
	Audience string
	Query    [32]byte
	Expiry   time.Time
	// SchemaID and SchemaVersion name the credential's schema.
	SchemaID      string
	SchemaVersion uint32
	// Statement is the question.
	Statement Statement
	// Presentation is the answer.
	Presentation *Presentation
}

// UseNonce returns the nonce of a request whose answer is bound to a payload:
// base64url of SHA-256("hufu/use/1" ‖ 0x00 ‖ payload ‖ salt).
func UseNonce(payload [32]byte, salt [16]byte) string {
	sum := sha256.Sum256(append(append([]byte(useMagic), payload[:]...), salt[:]...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Nullifier returns SHA-256("hufu/use/1" ‖ 0x00 ‖ scope ‖ pseudonym). It is the
// mark that a person leaves in an event, the same with every answer.
func Nullifier(scope, pseudonym Element) [32]byte {
	s, p := scope.Bytes(), pseudonym.Bytes()
	return sha256.Sum256(append(append([]byte(useMagic), s[:]...), p[:]...))
}

// Bytes returns "hufu/use/1" ‖ 0x00 ‖ salt ‖ query ‖ expiry u64 ‖ audience ‖
// schema id ‖ schema version u32 ‖ four predicates of 34 bytes ‖ table u16 ‖
// presentation. Texts have their length, u16, before them.
func (u *Use) Bytes() []byte {
	b := append([]byte(useMagic), u.Salt[:]...)
	b = append(b, u.Query[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(u.Expiry.Unix()))
	for _, text := range []string{u.Audience, u.SchemaID} {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
	}
	b = binary.BigEndian.AppendUint32(b, u.SchemaVersion)
	b = u.Statement.append(b)
	return append(b, u.Presentation.Bytes()...)
}

func (p Predicate) append(b []byte) []byte {
	var operand [32]byte
	if p.Op == OpRange {
		binary.BigEndian.PutUint64(operand[:], p.Low)
		binary.BigEndian.PutUint64(operand[8:], p.High)
	} else {
		operand = p.Value.Bytes()
	}
	return append(append(b, byte(p.Op), p.Slot), operand[:]...)
}

// ParseUse reads what Bytes wrote. The error is ErrForm.
func ParseUse(b []byte) (*Use, error) {
	r := textReader{rest: b}
	u := new(Use)
	if string(r.take(len(useMagic))) != useMagic {
		return nil, fmt.Errorf("%w: not a use of this version", ErrForm)
	}
	copy(u.Salt[:], r.take(16))
	copy(u.Query[:], r.take(32))
	expiry := binary.BigEndian.Uint64(r.take(8))
	u.Audience, u.SchemaID = r.text(), r.text()
	u.SchemaVersion = binary.BigEndian.Uint32(r.take(4))
	for i := range u.Statement.Predicates {
		u.Statement.Predicates[i] = r.predicate()
	}
	u.Statement.Table = binary.BigEndian.Uint16(r.take(2))
	if r.err != nil {
		return nil, r.err
	}
	if expiry >= 1<<62 {
		return nil, fmt.Errorf("%w: expiry of a use", ErrForm)
	}
	u.Expiry = time.Unix(int64(expiry), 0)
	if err := u.Statement.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	var err error
	if u.Presentation, err = ParsePresentation(r.rest); err != nil {
		return nil, err
	}
	if string(u.Bytes()) != string(b) {
		return nil, fmt.Errorf("%w: another spelling of a use", ErrForm)
	}
	return u, nil
}

// A textReader reads from the front. After an error it reads zeros.
type textReader struct {
	rest []byte
	err  error
}

func (r *textReader) take(n int) []byte {
	if n > len(r.rest) {
		r.err, r.rest = fmt.Errorf("%w: cut short", ErrForm), nil
		return make([]byte, n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *textReader) text() string {
	n := int(binary.BigEndian.Uint16(r.take(2)))
	if n > maxText {
		r.err, r.rest = fmt.Errorf("%w: text of %d bytes", ErrForm, n), nil
		return ""
	}
	return string(r.take(n))
}

func (r *textReader) predicate() Predicate {
	b := r.take(predicateSize)
	p := Predicate{Op: Op(b[0]), Slot: b[1]}
	if p.Op == OpRange {
		p.Low, p.High = binary.BigEndian.Uint64(b[2:]), binary.BigEndian.Uint64(b[10:])
		return p
	}
	var err error
	if p.Value, err = ParseElement(b[2:]); err != nil && r.err == nil {
		r.err = err
	}
	return p
}

// request rebuilds the request that was answered.
func (u *Use) request(owner, event string, payload [32]byte) *Request {
	return &Request{
		Nonce: UseNonce(payload, u.Salt), Audience: u.Audience, Query: u.Query, Expiry: u.Expiry,
		Scope:     Scope{Kind: ScopeCounted, Owner: owner, ID: event},
		Questions: []Question{{Schema: SchemaElement(u.SchemaID, u.SchemaVersion), Statements: []Statement{u.Statement}}},
	}
}

// CheckUse verifies a Use of the owner's event, bound to the payload, under an
// epoch. The question is that of the event's rule: schema, version and Digest of the
// statement; for another one the error is ErrStatement. key returns the verifying key
// of a circuit, and whether the ledger says that it comes of a ceremony: what the key
// says of itself proves nothing. CheckUse returns the Nullifier. The error is one of this
// package, or that of key.
func (a *Accumulator) CheckUse(proof []byte, owner, event string, payload [32]byte, schema string, version uint32, statement [32]byte, epoch uint64, day uint32, registry, revocation [32]byte, key func(circuit string) (file []byte, ceremony bool, err error)) ([32]byte, error) {
	u, err := ParseUse(proof)
	if err != nil {
		return [32]byte{}, err
	}
	if u.SchemaID != schema || u.SchemaVersion != version || u.Statement.Digest() != statement {
		return [32]byte{}, fmt.Errorf("%w: another question than the event's", ErrStatement)
	}
	e := Epoch{Number: epoch, Day: Day(day)}
	if e.Registry, err = ParseElement(registry[:]); err != nil {
		return [32]byte{}, err
	}
	if e.Revocation, err = ParseElement(revocation[:]); err != nil {
		return [32]byte{}, err
	}
	request := u.request(owner, event, payload)
	keys, err := a.useKeys(request, key)
	if err != nil {
		return [32]byte{}, err
	}
	shown, err := Verify(keys, e, request, u.Presentation)
	if err != nil {
		return [32]byte{}, err
	}
	return Nullifier(shown.Scope, shown.Pseudonym), nil
}

// useKeys reads the keys that a request needs. A key of another circuit makes
// NewKeys report the right one as missing.
func (a *Accumulator) useKeys(request *Request, key func(circuit string) (file []byte, ceremony bool, err error)) (*Keys, error) {
	var keys []*VerifyingKey
	for _, c := range request.Circuits() {
		b, ceremony, err := key(string(c))
		if err != nil {
			return nil, err
		}
		if !ceremony && !a.AllowSinglePartySetupUnsafe {
			return nil, fmt.Errorf("%w: %s, says the ledger", ErrSinglePartySetup, c)
		}
		k, err := a.verifyingKey(b)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return NewKeys(keys...)
}

// keptKeys is the number of keys that are kept with their precomputation: those
// of this version and of the next.
const keptKeys = 8

func (a *Accumulator) verifyingKey(b []byte) (*VerifyingKey, error) {
	hash := sha256.Sum256(b)
	a.mu.Lock()
	defer a.mu.Unlock()
	if k := a.keys[hash]; k != nil {
		return k, nil
	}
	k, err := ParseVerifyingKey(b, hash, KeyOptions{AllowSinglePartySetupUnsafe: a.AllowSinglePartySetupUnsafe})
	if err != nil {
		return nil, err
	}
	if len(a.keys) >= keptKeys || a.keys == nil {
		a.keys = map[[32]byte]*VerifyingKey{}
	}
	a.keys[hash] = k
	return k, nil
}
