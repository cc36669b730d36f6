package ceremony

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// Caps on a plan.
const (
	maxParticipants = 64
	maxCircuits     = 16
	maxName         = 200
	maxPower        = 20
)

// A Hash is a SHA-256. In JSON it is 64 hexadecimal digits.
type Hash [sha256.Size]byte

// String returns the hexadecimal form.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes the hexadecimal form.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the hexadecimal form. The error is ErrForm for another
// length.
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) != hex.EncodedLen(len(h)) {
		return ErrForm
	}
	_, err := hex.Decode(h[:], b)
	return err
}

// A Plan is what all participants agree on before the first contribution:
// ceremony.json. Its SHA-256 names the ceremony and stands in every signature.
type Plan struct {
	Version int       `json:"version"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	// Nonce makes two ceremonies with the same plan different.
	Nonce Hash `json:"nonce"`
	// Power is the binary logarithm of the size of phase 1, which is the size
	// of the largest circuit. The smaller circuits use its beginning.
	Power    int             `json:"power"`
	Circuits []PlannedSystem `json:"circuits"`
	// Participants contribute in this order.
	Participants []Participant `json:"participants"`
	// Minimum is the number of contributions that each phase needs.
	Minimum int `json:"minimum"`
	// Beacons names the values that end phase 1 and phase 2.
	Beacons [2]BeaconRule `json:"beacons"`
}

// A PlannedSystem pins one circuit by the SHA-256 of its constraint system.
type PlannedSystem struct {
	Circuit zkp.Circuit `json:"circuit"`
	System  Hash        `json:"system"`
}

// A Participant is an agency with the key that signs its contributions.
type Participant struct {
	DID string `json:"did"`
	// Key is a SubjectPublicKeyInfo (RFC 5280) of a P-256 key.
	Key []byte `json:"key"`
}

// NewParticipant returns a participant with an ES256 key. The error is ErrPlan.
func NewParticipant(did string, key crypto.PublicKey) (Participant, error) {
	public, ok := key.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return Participant{}, fmt.Errorf("%w: the key of %s is not of P-256", ErrPlan, did)
	}
	b, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return Participant{}, fmt.Errorf("%w: the key of %s: %w", ErrPlan, did, err)
	}
	p := Participant{DID: did, Key: b}
	return p, p.check()
}

// PublicKey parses the key. The error is ErrPlan.
func (p Participant) PublicKey() (*ecdsa.PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(p.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: the key of %s", ErrPlan, p.DID)
	}
	public, ok := key.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: the key of %s is not of P-256", ErrPlan, p.DID)
	}
	if again, err := x509.MarshalPKIXPublicKey(public); err != nil || !bytes.Equal(again, p.Key) {
		return nil, fmt.Errorf("%w: the key of %s has another spelling", ErrPlan, p.DID)
	}
	return public, nil
}

func (p Participant) check() error {
	if !strings.HasPrefix(p.DID, "did:") || len(p.DID) > limits.Identifier || !printable(p.DID) || strings.Contains(p.DID, " ") {
		return fmt.Errorf("%w: a participant without a DID", ErrPlan)
	}
	_, err := p.PublicKey()
	return err
}

// printable refuses characters that could forge lines or hide on a screen.
func printable(s string) bool {
	return s == strings.ToValidUTF8(s, "") && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// complete computes the fields that follow from the circuits and the time.
func (p *Plan) complete(ctx context.Context, now time.Time, circuits []zkp.Circuit) error {
	p.Version, p.Created = 1, now.UTC().Truncate(time.Second)
	rand.Read(p.Nonce[:]) // never fails
	p.Power, p.Circuits = 0, nil
	for _, c := range circuits {
		if err := ctx.Err(); err != nil {
			return err
		}
		system, err := prover.Compile(c)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrPlan, err)
		}
		hash, err := system.Hash()
		if err != nil {
			return err
		}
		p.Circuits = append(p.Circuits, PlannedSystem{c, hash})
		p.Power = max(p.Power, powerOf(system))
	}
	return p.check()
}

// powerOf returns the binary logarithm of a system's domain.
func powerOf(s *prover.System) int {
	return bits.TrailingZeros64(ecc.NextPowerOfTwo(uint64(s.Constraints())))
}

func (p *Plan) check() error {
	bad := func(why string) error { return fmt.Errorf("%w: %s", ErrPlan, why) }
	switch {
	case p.Version != 1:
		return bad("another version")
	case p.Name == "" || len(p.Name) > maxName || !printable(p.Name):
		return bad("the name is empty, too long or unprintable")
	case len(p.Circuits) == 0 || len(p.Circuits) > maxCircuits:
		return bad("no circuits, or too many")
	case p.Power < 1 || p.Power > maxPower:
		return bad("power out of range")
	case len(p.Participants) == 0 || len(p.Participants) > maxParticipants:
		return bad("no participants, or too many")
	case p.Minimum < 1 || p.Minimum > len(p.Participants):
		return bad("the minimum is not between one and the number of participants")
	case !p.Beacons[0].At.After(p.Created):
		return bad("the first beacon is not in the future")
	case !p.Beacons[1].At.After(p.Beacons[0].At):
		return bad("the second beacon does not come after the first")
	}
	for i, c := range p.Circuits {
		if slices.ContainsFunc(p.Circuits[:i], func(o PlannedSystem) bool { return o.Circuit == c.Circuit }) {
			return bad("a circuit twice")
		}
	}
	for i, a := range p.Participants {
		if err := a.check(); err != nil {
			return err
		}
		if slices.ContainsFunc(p.Participants[:i], func(o Participant) bool { return o.DID == a.DID || bytes.Equal(o.Key, a.Key) }) {
			return bad("a participant or a key twice")
		}
	}
	for _, b := range p.Beacons {
		if err := b.check(); err != nil {
			return err
		}
	}
	return nil
}

// Least numbers of a plan whose keys nobody made alone.
const (
	leastParticipants  = 3
	leastContributions = 2
)

// strong refuses a plan that one party could carry out alone.
func (p *Plan) strong(opts Options) error {
	bad := func(why string) error { return fmt.Errorf("%w: %s", ErrPlan, why) }
	switch {
	case opts.AllowWeakPlanUnsafe:
		return nil
	case len(p.Participants) < leastParticipants:
		return bad("fewer than three participants")
	case p.Minimum < leastContributions:
		return bad("fewer than two contributions to a phase")
	case p.Beacons[0].Source != SourceDrand || p.Beacons[1].Source != SourceDrand:
		return bad("a beacon that no program can check")
	}
	return nil
}

// participant returns an agency's place in the order.
func (p *Plan) participant(did string) (int, bool) {
	i := slices.IndexFunc(p.Participants, func(a Participant) bool { return a.DID == did })
	return i, i >= 0
}

// Bytes returns the content of ceremony.json.
func (p *Plan) Bytes() []byte { return encode(p) }

// Hash returns the SHA-256 of Bytes, which names the ceremony.
func (p *Plan) Hash() Hash { return sha256.Sum256(p.Bytes()) }

// ParsePlan reads ceremony.json. Errors: ErrForm, ErrPlan.
func ParsePlan(b []byte) (*Plan, error) {
	p := new(Plan)
	if err := decode(b, p); err != nil {
		return nil, err
	}
	return p, p.check()
}

// encode writes the only spelling of a file that this package reads.
func encode(v any) []byte {
	b, err := json.Marshal(v, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		panic(err) // plain values of our own types
	}
	return append(b, '\n')
}

// decode reads a file of this package and refuses every other spelling of it.
func decode[T any](b []byte, v *T) error {
	if err := strictjson.Read(b, limits.Document, v); err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	again, err := json.Marshal(v, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil || !bytes.Equal(append(again, '\n'), b) {
		return fmt.Errorf("%w: another spelling", ErrForm)
	}
	return nil
}
