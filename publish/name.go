package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/status"
)

// Name names one public file. Only the functions of this package make one, so
// that no Name leads out of a folder. The zero Name names nothing.
type Name struct{ text string }

// Suffixes of the files that lie by a hash.
const (
	suffixSchema = ".json"
	suffixKey    = ".vk"
	suffixType   = ".type"
	suffixStatus = ".jwt"
)

// agencies is the name of the list of agencies.
const agencies = "agencies.bundle"

// feedFolder is where the feed lies.
const feedFolder = "feed/"

// SchemaName names a schema file by the SHA-256 of its bytes.
func SchemaName(hash [32]byte) Name { return named(hash, suffixSchema) }

// KeyName names a verifying key by the SHA-256 of its bytes.
func KeyName(hash [32]byte) Name { return named(hash, suffixKey) }

// TypeName names the newest edition of a credential type's schema.
func TypeName(vct string) Name { return named(sha256.Sum256([]byte(vct)), suffixType) }

// StatusName names the status list token at a URI.
func StatusName(uri string) Name { return named(sha256.Sum256([]byte(uri)), suffixStatus) }

// AgenciesName names the list of agencies.
func AgenciesName() Name { return Name{agencies} }

func named(hash [32]byte, suffix string) Name { return Name{hex.EncodeToString(hash[:]) + suffix} }

// names matches every name of the format, and nothing else.
var names = regexp.MustCompile(`^(?:agencies\.bundle|[0-9a-f]{64}\.(?:json|vk|type|jwt)|feed/(?:index|` +
	`[0-9a-f]{16}/(?:counts|[0-9a-f]{16}\.(?:roots|registry)|[0-9a-f]{2}/[0-9a-f]{16}\.handles)))$`)

// ParseName reads what String wrote, and nothing else: each file has one name.
// The error is [ErrName].
func ParseName(text string) (Name, error) {
	if !names.MatchString(text) {
		return Name{}, ErrName
	}
	return Name{text}, nil
}

// String is the name as the format writes it, with slashes in the feed's names.
func (n Name) String() string { return n.text }

// Fixed reports whether the file never changes: all but status list tokens, .type
// files, the list of agencies and the feed's index.
func (n Name) Fixed() bool {
	return n.byContent() || n.ofFeed() && n.text != feedFolder+"index"
}

// byContent reports whether the name is the hash of the file itself.
func (n Name) byContent() bool {
	return strings.HasSuffix(n.text, suffixSchema) || strings.HasSuffix(n.text, suffixKey)
}

func (n Name) ofFeed() bool { return strings.HasPrefix(n.text, feedFolder) }

// caps are the sizes of files by the ends of their names.
var caps = []struct {
	end   string
	bytes int64
}{
	{suffixSchema, limits.Document},
	{suffixKey, limits.Document},
	{suffixType, limits.Document},
	{suffixStatus, limits.StatusToken},
	{agencies, limits.Agencies},
	{"/index", limits.FeedIndex},
	{"/counts", limits.FeedCounts},
	{".roots", limits.FeedIndex},
	{".registry", limits.FeedRegistry},
	{".handles", limits.FeedPart},
}

// Limit caps the size of the file in bytes; 0 for the zero Name.
func (n Name) Limit() int64 {
	for _, c := range caps {
		if strings.HasSuffix(n.text, c.end) {
			return c.bytes
		}
	}
	return 0
}

// Check refuses bytes that cannot be the file of this name: [ErrTooLarge] above
// the cap, [ErrName] for the zero Name, else [ErrOther], which wraps nothing: a
// damaged public file is no damaged credential. A .json or .vk file must have the hash in the name, a
// .type file must be a schema of the type, and a .jwt file a status list token for
// the URI, whose signature is not verified. The list of agencies must be a bundle without
// files. Of the feed only the size is checked.
func (n Name) Check(b []byte) error {
	if n == (Name{}) {
		return ErrName
	}
	if int64(len(b)) > n.Limit() {
		return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, n.Limit())
	}
	if len(b) == 0 {
		return fmt.Errorf("%w: empty", ErrOther)
	}
	is, err := n.nameOf(b)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrOther, err)
	}
	if is != n {
		return ErrOther
	}
	return nil
}

// nameOf is the name that a file should have, among those of the same suffix.
func (n Name) nameOf(b []byte) (Name, error) {
	switch {
	case n.byContent():
		return named(sha256.Sum256(b), n.text[2*sha256.Size:]), nil
	case strings.HasSuffix(n.text, suffixType):
		schema, err := credential.ParseSchema(b)
		if err != nil {
			return Name{}, err
		}
		return TypeName(schema.VCT), nil
	case n.text == agencies:
		bundle, err := ledger.ParseBundle(b)
		if err == nil && len(bundle.Files) > 0 {
			err = errors.New("a list of agencies with files")
		}
		return n, err
	case strings.HasSuffix(n.text, suffixStatus):
		token, err := status.Parse(b, status.ParseOptions{})
		if err != nil {
			return Name{}, err
		}
		return StatusName(token.UnverifiedSubject()), nil
	}
	return n, nil
}
