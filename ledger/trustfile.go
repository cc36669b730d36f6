package ledger

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	witness "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// Defaults of a trust file.
const (
	DefaultEpochLength   = time.Hour
	DefaultCheckpointAge = 24 * time.Hour
	DefaultTrustAge      = 180 * 24 * time.Hour
)

// maxSeconds bounds the durations of a trust file, so that no computation with
// them overflows: about a hundred years.
const maxSeconds = 100 * 366 * secondsPerDay

// TrustFile is what a reader of the ledger must know beforehand: whose log it
// is, who witnesses it, and which agency is the root of all accreditation. It
// is JSON, by custom trust.json:
//
//	{"origin": "...", "log": "<verifier key>", "witnesses": ["<verifier key>"],
//	 "k": 1, "next": ["<base64>"], "threshold": 1,
//	 "rootDID": "did:hufu:...", "first": "<base64>", "epochLength": 3600,
//	 "maxAge": {"checkpoint": 86400, "trust": 15552000}}
//
// A consortium's file has no "log", and "genesis", a hash. A file that was followed has
// "number" and "last".
//
// Keys are in the verifier key format of C2SP signed-note, durations in
// seconds, hashes in base64. Make one with ParseTrustPinned, ParseTrust or NewTrust; the zero
// value trusts nobody.
type TrustFile struct {
	// Origin names the log; the log's key bears the same name.
	Origin string
	// LogKey is the log's verifier key (Ed25519). It is empty where a consortium
	// keeps the log: nobody signs for it alone, and more than two thirds of its
	// nodes must cosign.
	LogKey string
	// WitnessKeys are the verifier keys, of type cosignature/v1, of the
	// replaying witnesses. Others do not belong here: a witness that only
	// checks that the log grows cannot see a false state map.
	WitnessKeys []string
	// K is how many of them must cosign.
	K int
	// Number is that of the agreement (see [Agreement]) that WitnessKeys, K,
	// Next and Threshold are from.
	Number uint64
	// Next lists the KeyHash of the keys of which Threshold must sign the next
	// agreement; with none, the file cannot be followed to another.
	Next      [][32]byte
	Threshold int
	// Last is the Hash of the agreement Number: the next one must name it. For the
	// first agreement it is First, and the file leaves it out.
	Last [32]byte
	// RootDID accredits without being accredited.
	RootDID string
	// First is the Hash of the first agreement. With Origin and RootDID it names the
	// ledger.
	First [32]byte
	// Genesis is the SHA-256 of a consortium's genesis.json, so that the trust file's
	// fingerprint covers both; zero for an embedded ledger.
	Genesis [32]byte
	// EpochLength is the length of an epoch, whole seconds.
	EpochLength time.Duration
	// MaxAge bounds how old what is relied on may be.
	MaxAge MaxAge

	raw       []byte
	log       note.Verifier
	witnesses []note.Verifier
}

// MaxAge holds maximum ages by kind, in whole seconds.
type MaxAge struct {
	// Checkpoint bounds the age of the k-th newest cosignature.
	Checkpoint time.Duration
	// Trust bounds how long ago the agreements of the consortium were last
	// followed to the newest.
	Trust time.Duration
}

type trustJSON struct {
	Origin      string     `json:"origin"`
	Log         string     `json:"log,omitzero"`
	Witnesses   []string   `json:"witnesses"`
	K           int        `json:"k"`
	Number      uint64     `json:"number,omitzero"`
	Next        [][]byte   `json:"next,omitzero"`
	Threshold   int        `json:"threshold,omitzero"`
	Last        []byte     `json:"last,omitempty"`
	RootDID     string     `json:"rootDID"`
	First       []byte     `json:"first"`
	Genesis     []byte     `json:"genesis,omitempty"`
	EpochLength int64      `json:"epochLength,omitzero"`
	MaxAge      maxAgeJSON `json:"maxAge,omitzero"`
}

type maxAgeJSON struct {
	Checkpoint int64 `json:"checkpoint,omitzero"`
	Trust      int64 `json:"trust,omitzero"`
}

// NewTrust makes a trust file from its exported fields; a zero EpochLength or
// MaxAge.Checkpoint takes the default.
func NewTrust(t TrustFile) (*TrustFile, error) {
	var last, genesis []byte
	if t.Number > 0 {
		last = t.Last[:]
	}
	if t.Genesis != [32]byte{} {
		genesis = t.Genesis[:]
	}
	var next [][]byte
	for _, hash := range t.Next {
		next = append(next, hash[:])
	}
	b, err := json.Marshal(trustJSON{
		Origin: t.Origin, Log: t.LogKey, Witnesses: t.WitnessKeys, K: t.K, RootDID: t.RootDID, First: t.First[:], Last: last, Genesis: genesis,
		EpochLength: int64(t.EpochLength / time.Second),
		Number:      t.Number, Next: next, Threshold: t.Threshold,
		MaxAge: maxAgeJSON{int64(t.MaxAge.Checkpoint / time.Second), int64(t.MaxAge.Trust / time.Second)},
	}, jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("ledger: writing trust file: %w", err)
	}
	return ParseTrust(append(b, '\n'))
}

// ParseTrustPinned reads a trust file and insists on its fingerprint, 64
// hexadecimal digits in either case, which came another way than the file.
// The error is [ErrFingerprint] or that of ParseTrust.
func ParseTrustPinned(b []byte, fingerprint string) (*TrustFile, error) {
	want, err := hex.DecodeString(fingerprint)
	got := sha256.Sum256(b)
	if err != nil || subtle.ConstantTimeCompare(want, got[:]) != 1 {
		return nil, ErrFingerprint
	}
	return ParseTrust(b)
}

// ParseTrust reads a trust file without holding it against a fingerprint. The
// error is [ErrTooLarge], [ErrFormat], [ErrKey] or [ErrValue].
func ParseTrust(b []byte) (*TrustFile, error) {
	var j trustJSON
	err := strictjson.Read(b, limits.Document, &j)
	if errors.Is(err, strictjson.ErrTooLarge) {
		return nil, fmt.Errorf("%w: trust file of %d bytes", ErrTooLarge, len(b))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: trust file: %w", ErrFormat, err)
	}
	t := &TrustFile{
		Origin: j.Origin, LogKey: j.Log, WitnessKeys: j.Witnesses, K: j.K, RootDID: j.RootDID,
		Number: j.Number, Threshold: j.Threshold, raw: slices.Clone(b),
	}
	if err := t.readHashes(&j); err != nil {
		return nil, err
	}
	if t.EpochLength, err = seconds(j.EpochLength, DefaultEpochLength); err != nil {
		return nil, err
	}
	if t.MaxAge.Checkpoint, err = seconds(j.MaxAge.Checkpoint, DefaultCheckpointAge); err != nil {
		return nil, err
	}
	if t.MaxAge.Trust, err = seconds(j.MaxAge.Trust, DefaultTrustAge); err != nil {
		return nil, err
	}
	return t, t.prepare()
}

func (t *TrustFile) readHashes(j *trustJSON) error {
	last := j.Last
	if t.Number == 0 {
		last = j.First
	}
	ok := readHash(&t.First, j.First) && readHash(&t.Last, last) && (t.Number > 0 || j.Last == nil) &&
		(j.Genesis == nil || readHash(&t.Genesis, j.Genesis))
	for _, b := range j.Next {
		var hash [32]byte
		ok = ok && readHash(&hash, b)
		t.Next = append(t.Next, hash)
	}
	if !ok {
		return fmt.Errorf("%w: hash in the trust file", ErrValue)
	}
	return nil
}

func readHash(to *[32]byte, b []byte) bool {
	if len(b) != len(to) || [32]byte(b) == [32]byte{} {
		return false
	}
	*to = [32]byte(b)
	return true
}

func seconds(n int64, otherwise time.Duration) (time.Duration, error) {
	if n < 0 || n > maxSeconds {
		return 0, fmt.Errorf("%w: duration in the trust file", ErrValue)
	}
	if n == 0 {
		return otherwise, nil
	}
	return time.Duration(n) * time.Second, nil
}

// prepare parses the keys and checks what ties them together.
func (t *TrustFile) prepare() (err error) {
	if err := t.Founding().Check(); err != nil {
		return err
	}
	if t.K < 1 || t.K > len(t.WitnessKeys) || len(t.WitnessKeys) > maxWitnesses {
		return fmt.Errorf("%w: %d of %d witnesses", ErrValue, t.K, len(t.WitnessKeys))
	}
	if len(t.Next) > 0 || t.Threshold != 0 {
		if err := checkNext(t.Next, t.Threshold); err != nil {
			return err
		}
	}
	if t.LogKey == "" {
		if 3*t.K <= 2*len(t.WitnessKeys) {
			return fmt.Errorf("%w: %d of %d nodes are not more than two thirds", ErrValue, t.K, len(t.WitnessKeys))
		}
	} else if t.log, err = note.NewVerifier(t.LogKey); err != nil || t.log.Name() != t.Origin {
		return fmt.Errorf("%w: log key is malformed or not the origin's", ErrValue)
	}
	if t.witnesses, err = witnessVerifiers(t.WitnessKeys); err != nil {
		return err
	}
	for _, w := range t.witnesses {
		if t.log != nil && w.Name() == t.log.Name() && w.KeyHash() == t.log.KeyHash() {
			return fmt.Errorf("%w: a witness with the log's name and hash", ErrValue)
		}
	}
	return nil
}

// verifiers are all whose signatures on a checkpoint count for something.
func (t *TrustFile) verifiers() []note.Verifier {
	if t.log == nil {
		return t.witnesses
	}
	return append([]note.Verifier{t.log}, t.witnesses...)
}

// cosignatureV1 is the algorithm byte of a witness's key (C2SP tlog-cosignature).
const cosignatureV1 = 4

// witnessVerifiers parses cosignature/v1 verifier keys in their one spelling. It refuses a
// key under two names, because it would count twice, and two keys under one name and hash,
// because no checkpoint that both signed can be opened.
func witnessVerifiers(vkeys []string) ([]note.Verifier, error) {
	var out []note.Verifier
	seen := map[string]bool{}
	for _, vkey := range vkeys {
		v, err := witness.NewVerifierForCosignatureV1(vkey)
		if err != nil {
			return nil, fmt.Errorf("%w: malformed witness key", ErrValue)
		}
		// The parser above takes other key types and ignores the hash.
		signer := fmt.Sprintf("%s+%08x+", v.Name(), v.KeyHash())
		encoded, ok := strings.CutPrefix(vkey, signer)
		key, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if !ok || err != nil || key[0] != cosignatureV1 || base64.StdEncoding.EncodeToString(key) != encoded {
			return nil, fmt.Errorf("%w: witness key is not of type cosignature/v1", ErrValue)
		}
		if seen[string(key)] || seen[signer] {
			return nil, fmt.Errorf("%w: one witness twice", ErrValue)
		}
		seen[string(key)], seen[signer] = true, true
		out = append(out, v)
	}
	return out, nil
}

// Founding returns what tells this ledger from every other.
func (t *TrustFile) Founding() Founding {
	return Founding{Origin: t.Origin, RootDID: t.RootDID, First: t.First}
}

// ID names the ledger in every signature over an operation. It is the same whatever
// agreements the file was followed through.
func (t *TrustFile) ID() ID { return t.Founding().ID() }

// Bytes returns the file as it was read.
func (t *TrustFile) Bytes() []byte { return slices.Clone(t.raw) }

// Fingerprint is the SHA-256 of the file's bytes. It goes to a wallet or
// counter by another way than the file.
func (t *TrustFile) Fingerprint() [32]byte { return sha256.Sum256(t.raw) }

// MaxCheckpointAge is MaxAge.Checkpoint.
func (t *TrustFile) MaxCheckpointAge() time.Duration { return t.MaxAge.Checkpoint }

// EpochAt is the number of the epoch in which t lies.
func (t *TrustFile) EpochAt(at time.Time) uint64 { return EpochAt(at, t.EpochLength) }

// EpochAt is Unix time divided by the length of an epoch.
func EpochAt(at time.Time, length time.Duration) uint64 {
	return uint64(max(at.Unix(), 0)) / uint64(length/time.Second)
}
