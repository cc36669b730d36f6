package openid

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/hufu-id/hufu/legible"
)

// A Saying is what a holder says in an event that a ledger counts: a ballot, a rating. It
// travels in the request, so that the wallet shows what the answer will be bound to.
type Saying struct {
	Text PurposeText
	// Salt is drawn for this request. Whoever does not know it cannot tell from Payload
	// what was said.
	Salt [32]byte
}

// sayingDomain separates the hashes of a Saying from those of anything else.
const sayingDomain = "hufu/saying/1\x00"

// Payload is what the ledger keeps of the saying: SHA-256("hufu/saying/1" ‖ 0x00 ‖ salt ‖
// en ‖ zh), with the length of each text before it, u16.
func (s *Saying) Payload() [32]byte {
	b := append([]byte(sayingDomain), s.Salt[:]...)
	for _, text := range []string{s.Text.EN, s.Text.ZH} {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
	}
	return sha256.Sum256(b)
}

// UseSalt is the salt between payload and nonce, which the ledger publishes: the first 16
// bytes of SHA-256("hufu/saying/1" ‖ 0x00 ‖ salt).
func (s *Saying) UseSalt() [16]byte {
	sum := sha256.Sum256(append([]byte(sayingDomain), s.Salt[:]...))
	return [16]byte(sum[:])
}

// parse reads hufu_scope. A salt that is missing or of another length is refused with it.
func (w *scopeJSON) parse() (Scope, error) {
	s := Scope{Kind: ScopeKind(w.Kind), Event: w.Event}
	if w.Kind == scopeNone {
		s.Kind = ScopeNone
	}
	if w.Says == nil && w.Salt == nil {
		return s, nil
	}
	if w.Says == nil || w.Salt == nil {
		return s, fmt.Errorf("%w: hufu_scope has says and salt, or neither", ErrRequest)
	}
	salt, err := decodeBase64URL(*w.Salt)
	if err != nil || len(salt) != 32 {
		return s, fmt.Errorf("%w: salt of hufu_scope is not 32 bytes", ErrRequest)
	}
	s.Saying = &Saying{Text: *w.Says, Salt: [32]byte(salt)}
	return s, nil
}

func (s Scope) wire() *scopeJSON {
	w := &scopeJSON{Kind: string(s.Kind), Event: s.Event}
	if s.Saying != nil {
		salt := base64.RawURLEncoding.EncodeToString(s.Saying.Salt[:])
		w.Says, w.Salt = &s.Saying.Text, &salt
	}
	return w
}

func (s Scope) check() error {
	ok := false
	switch s.Kind {
	case ScopeNone:
		ok = s.Event == ""
	case ScopeOnce, ScopeCounted:
		ok = isIdentifier(s.Event)
	case ScopePairwise:
		ok = s.Event == "" || isIdentifier(s.Event)
	}
	if !ok || (s.Saying != nil) != (s.Kind == ScopeCounted) {
		return fmt.Errorf("%w: hufu_scope", ErrRequest)
	}
	if s.Saying == nil {
		return nil
	}
	for _, text := range []string{s.Saying.Text.EN, s.Saying.Text.ZH} {
		if err := legible.Check(text, legible.Limits{}); err != nil || len(text) > maxText {
			return fmt.Errorf("%w: what hufu_scope says is missing in a language, too long or illegible", ErrRequest)
		}
	}
	return nil
}

// checkCounted: a ledger counts one proof of one credential.
func (r *AuthorizationRequest) checkCounted() error {
	if r.Scope.Kind != ScopeCounted {
		return nil
	}
	if len(r.Query.Credentials) != 1 || r.Query.Credentials[0].Format != FormatSDJWTZK {
		return fmt.Errorf("%w: hufu_scope counted goes with one proof of one credential", ErrRequest)
	}
	return nil
}
