package wallet

import (
	"crypto/sha256"
	"maps"
	"reflect"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/zkp"
)

// facts are what was verified of a credential on receipt. They are bound to its text
// by the hash, and the vault authenticates both: no use verifies again.
type facts struct {
	_          struct{} `cbor:",toarray"`
	ID         string
	Text       [32]byte // SHA-256 of the SD-JWT
	Type       string
	Issuer     string
	Who        ledger.Subject // the issuer, as of the receipt
	Region     string
	SchemaID   string
	Version    int
	SchemaHash [32]byte
	Received   time.Time
	NotBefore  time.Time
	Expires    time.Time
	StatusURI  string
	Index      int // in the status list
	State      State
	Provable   bool
	Damaged    bool
	Anchor     string          // who vouches for an issuer that is on no ledger, empty on it
	AlsoTypes  []string        // what it may be shown as besides Type
	Claims     cbor.RawMessage // without the registered ones
}

// factsOf notes what Verify found of a credential.
func factsOf(id string, rec *record, v *credential.Verified) (*facts, error) {
	source, _ := v.Claims[provenance.ClaimSource].(map[string]any)
	region, _ := source["region"].(string)
	_, provable := v.Claims[zkp.ClaimName]
	claims, err := cardMode.Marshal(withoutRegistered(v.Claims))
	f := &facts{
		ID: id, Text: sha256.Sum256([]byte(rec.Text)), Type: v.VCT, Issuer: v.Issuer, Who: rec.Who, Region: region,
		SchemaID: rec.SchemaID, Version: rec.Version, SchemaHash: rec.SchemaHash,
		Received: rec.Received, NotBefore: v.NotBefore.UTC(), Expires: v.Expires.UTC(), Provable: provable, Claims: claims,
	}
	if rec.Anchor != "" {
		f.Issuer, f.Region, f.Provable, f.Anchor, f.AlsoTypes = rec.From, "", false, rec.Anchor, rec.AlsoTypes
	}
	if v.Status != nil {
		f.StatusURI, f.Index = v.Status.URI, v.Status.Index
	}
	return f, err
}

// registered are claims that say how a credential is made. The index has what a wallet
// needs of them in fields of their own.
var registered = []string{"iss", "iat", "nbf", "exp", "cnf", "status", "vct", "vct#integrity", "aka_vcts", provenance.ClaimSource, zkp.ClaimName}

func withoutRegistered(claims map[string]any) map[string]any {
	out := maps.Clone(claims)
	for _, name := range registered {
		delete(out, name)
	}
	return out
}

// cardMode writes an index and readMode reads it: integers are int64, as everywhere.
var (
	cardMode, _ = cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.EncMode()
	readMode, _ = cbor.DecOptions{
		IntDec: cbor.IntDecConvertSignedOrFail, DefaultMapType: reflect.TypeFor[map[string]any](), DupMapKey: cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels: limits.JSONDepth, MaxArrayElements: maxShard,
	}.DecMode()
)

// card is a stored credential as the index has it. Many goroutines may use it.
type card struct {
	facts
	schema *credential.Schema // nil where it cannot be read
	err    error              // why the credential cannot be used

	once   sync.Once
	values map[string]any
}

// claims are all but the registered ones, with the type, and with an empty endorsement
// where there is one: its value is for machines. Nobody may change them.
func (c *card) claims() map[string]any {
	c.once.Do(func() {
		if readMode.Unmarshal(c.Claims, &c.values) != nil || c.values == nil {
			c.values = map[string]any{}
		}
		c.values["vct"] = c.Type
		if c.Provable {
			c.values[zkp.ClaimName] = ""
		}
	})
	return c.values
}

// shown are the claims that the owner sees.
func (c *card) shown() map[string]any {
	out := maps.Clone(c.claims())
	delete(out, zkp.ClaimName)
	return out
}
