package ledger

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/hufu-id/hufu/internal/limits"
)

// Versions of objects. agreementVersion is that of an [Agreement], formatVersion that of
// every other.
const (
	formatVersion    = 1
	agreementVersion = 2
)

// versioned is the encoding of an object: [version, [field, ...]].
type versioned[T any] struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Object  T
}

var (
	encMode = must(encOptions().EncMode())
	decMode = must(decOptions(maxBundleEntries).DecMode())
	// smallMode reads what is no longer than limits.Operation. A list of its own rules
	// is far shorter than that; a list of empty values would cost a hundred bytes each.
	smallMode = must(decOptions(limits.Operation / 16).DecMode())
)

func decOptions(list int) cbor.DecOptions {
	return cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		MaxNestedLevels:   8,
		MaxArrayElements:  list,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}
}

// encOptions is core deterministic encoding (RFC 8949, section 4.2.1). Nil and
// empty are the same value, so they get the same encoding.
func encOptions() cbor.EncOptions {
	o := cbor.CoreDetEncOptions()
	o.NilContainers = cbor.NilContainerAsEmpty
	return o
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// encode cannot fail: callers pass only types of this package, which have no
// field that CBOR cannot hold.
func encode(v any) []byte { return must(encMode.Marshal(v)) }

func encodeObject[T any](object T) []byte {
	return encode(versioned[T]{Version: versionOf(object), Object: object})
}

// decode reads one CBOR item and refuses bytes that v does not encode to:
// nothing on the ledger has two spellings.
func decode(b []byte, limit int, v any) error {
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(b), limit)
	}
	mode := decMode
	if limit <= limits.Operation {
		mode = smallMode
	}
	if err := mode.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: not the expected CBOR", ErrFormat)
	}
	if !bytes.Equal(encode(v), b) {
		return fmt.Errorf("%w: another spelling of the same content", ErrFormat)
	}
	return nil
}

func decodeObject[T any](b []byte, limit int) (T, error) {
	var v versioned[T]
	if err := decode(b, limit, &v); err != nil {
		return v.Object, err
	}
	if v.Version != versionOf(v.Object) {
		return v.Object, fmt.Errorf("%w: unknown version", ErrFormat)
	}
	return v.Object, nil
}

func versionOf(object any) uint64 {
	if _, ok := object.(Agreement); ok {
		return agreementVersion
	}
	return formatVersion
}
