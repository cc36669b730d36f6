package ledger

import (
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
)

// Prefixes of the keys of the state map.
const (
	PrefixDID           = "did/"
	PrefixAccreditation = "accr/"
	PrefixSchema        = "schema/"
	PrefixStatus        = "status/"
	PrefixVK            = "vk/"
	PrefixAnchor        = "anchor/"
	PrefixAgreement     = "trust/"
	PrefixEpoch         = "epoch/"
	PrefixProofKey      = "proofkey/"
	PrefixRevoke        = "revoke/"
	PrefixRule          = "rule/"
	PrefixTrail         = "trail/"
	PrefixPurpose       = "purpose/"
	PrefixGrant         = "grant/"
	PrefixAudit         = "audit/"
	PrefixUse           = "use/"
	PrefixKeyFile       = "keyfile/"
	PrefixName          = "name/"
	PrefixCode          = "code/"
	PrefixSole          = "sole/"
)

// DIDKey returns the key of a DID's object. For the empty DID it returns the
// key of the operation that creates a DID.
func DIDKey(did string) string { return PrefixDID + did }

// AccreditationKey returns the key of an accreditation. The type comes last
// because it may hold slashes.
func AccreditationKey(did, action, region, typ string) string {
	return AccreditationPrefix(did) + action + "/" + region + "/" + typ
}

// AccreditationPrefix returns the prefix of the keys of all accreditations of
// an agency.
func AccreditationPrefix(did string) string { return PrefixAccreditation + did + "/" }

// SchemaKey returns the key of a schema. The version comes last because the id
// may hold slashes.
func SchemaKey(id string, version uint32) string {
	return PrefixSchema + id + "/" + strconv.FormatUint(uint64(version), 10)
}

// StatusKey returns the key of the root of an issuer's status list. The DID of an
// object's owner stands in its key, so that nobody takes the name of another's object.
func StatusKey(issuer, uri string) string { return PrefixStatus + issuer + "/" + uri }

// VKKey returns the key of a circuit's verifying key.
func VKKey(circuit string) string { return PrefixVK + circuit }

// AnchorKey returns the key of a hash that an agency anchored.
func AnchorKey(agency string, hash [32]byte) string {
	return hexKey(PrefixAnchor+agency+"/", hash)
}

// SoleKey returns the key under which the ledger notes which agency anchored a hash
// for a credential type; see Anchor.Type. The type comes last because it may hold
// slashes.
func SoleKey(hash [32]byte, typ string) string { return hexKey(PrefixSole, hash) + "/" + typ }

// RuleKey returns the key of an owner's rule. The version comes last because the id
// may hold slashes.
func RuleKey(owner, id string, version uint32) string {
	return PrefixRule + owner + "/" + id + "/" + strconv.FormatUint(uint64(version), 10)
}

// TrailKey returns the key of a record, given the DID of the agency that began it.
// The key stays the same when another agency keeps the record.
func TrailKey(founder string, record [32]byte) string {
	return hexKey(PrefixTrail+founder+"/", record)
}

// PurposeKey returns the key of a verifier's purpose.
func PurposeKey(verifier, id string) string { return PrefixPurpose + verifier + "/" + id }

// GrantKey returns the key of a grant that an agency countersigned.
func GrantKey(agency string, hash [32]byte) string { return hexKey(PrefixGrant+agency+"/", hash) }

// UseKey returns the key of a counted use.
func UseKey(nullifier [32]byte) string { return hexKey(PrefixUse, nullifier) }

// KeyFileKey returns the key of a verifying key's bytes, given their SHA-256.
func KeyFileKey(hash [32]byte) string { return hexKey(PrefixKeyFile, hash) }

// CodeKey returns the key under which the ledger notes who bears a unified social
// credit code.
func CodeKey(code string) string { return PrefixCode + code }

func hexKey(prefix string, hash [32]byte) string { return prefix + hex.EncodeToString(hash[:]) }

// AgreementKey returns the key of the consortium's n-th agreement.
func AgreementKey(n uint64) string { return PrefixAgreement + strconv.FormatUint(n, 10) }

// EpochKey returns the key of the roots of a closed epoch.
func EpochKey(n uint64) string { return PrefixEpoch + strconv.FormatUint(n, 10) }

// ProofKeyKey returns the key of the owner of a proof key. The value is the DID
// that first listed the key. The state machine writes it, so that no agency can
// claim another agency's proof key.
func ProofKeyKey(key []byte) string { return PrefixProofKey + hex.EncodeToString(key) }

// CheckKey accepts 1 to 512 printable ASCII characters without spaces. Such a
// key has one spelling and can be read aloud. The error is [ErrKey].
func CheckKey(key string) error {
	if key == "" || len(key) > limits.Identifier {
		return fmt.Errorf("%w: %d bytes", ErrKey, len(key))
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return fmt.Errorf("%w: not printable ASCII", ErrKey)
		}
	}
	return nil
}

// didPrefix begins every identifier of the method did:hufu.
const didPrefix = "did:hufu:"

// didBytes is the number of bytes of the hash that an identifier keeps.
const didBytes = 20

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// DIDOf returns the DID that an operation creates: did:hufu: and the base32, in
// lower case without padding, of the first 20 bytes of the operation's id. The
// error is [ErrKey] if the operation does not create a DID.
func DIDOf(op *Operation) (string, error) {
	if op.Kind != KindDID || op.Key != PrefixDID {
		return "", fmt.Errorf("%w: the operation creates no DID", ErrKey)
	}
	id := op.ID()
	return didPrefix + base32Lower.EncodeToString(id[:didBytes]), nil
}

// CheckDID accepts a well-formed did:hufu identifier. The error is [ErrKey].
func CheckDID(did string) error {
	rest, ok := strings.CutPrefix(did, didPrefix)
	b, err := base32Lower.DecodeString(rest)
	if !ok || err != nil || len(b) != didBytes || base32Lower.EncodeToString(b) != rest {
		return fmt.Errorf("%w: not a did:hufu identifier", ErrKey)
	}
	return nil
}

// CheckRegion accepts a six-digit GB/T 2260 code. Only "00" pairs may follow a
// "00" pair. "000000" is the whole country. The error is [ErrValue].
func CheckRegion(code string) error {
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return fmt.Errorf("%w: region is not a six-digit code", ErrValue)
	}
	if l := level(code); strings.HasPrefix(l, "00") || len(l) == 6 && l[2:4] == "00" {
		return fmt.Errorf("%w: region skips a level", ErrValue)
	}
	return nil
}

// level returns the code without its trailing "00" pairs.
func level(code string) string {
	for strings.HasSuffix(code, "00") {
		code = code[:len(code)-2]
	}
	return code
}

// Covers reports whether region contains inner: inner begins with region
// without its trailing "00" pairs.
func Covers(region, inner string) bool {
	return CheckRegion(region) == nil && CheckRegion(inner) == nil && strings.HasPrefix(inner, level(region))
}

// regionsAround returns the regions that cover region, the narrowest first.
func regionsAround(region string) []string {
	around := []string{region}
	for l := level(region); len(l) > 0; {
		l = l[:len(l)-2]
		around = append(around, l+"000000"[len(l):])
	}
	return around
}

const (
	shanghaiOffset = 8 * 60 * 60
	secondsPerDay  = 24 * 60 * 60
	// daysBefore1970 is how many days lie between 1900-01-01 and 1970-01-01.
	daysBefore1970 = 25567
	// lastDay is the greatest day that the circuits of package zkp compare, in
	// the year 4770. It is the last day of a key without an end.
	lastDay = 1<<20 - 1
)

// Day returns the date of t in Asia/Shanghai (UTC+8, without summer time) as
// whole days since 1900-01-01. Times before 1970 count as 1970-01-01, and times
// after the last day of 20 bits, in the year 4770, as that day.
func Day(t time.Time) uint32 { return dayOf(max(t.Unix(), 0)) }

func dayOf(unix int64) uint32 {
	unix = min(unix, (lastDay-daysBefore1970)*secondsPerDay)
	return uint32((unix+shanghaiOffset)/secondsPerDay + daysBefore1970)
}
