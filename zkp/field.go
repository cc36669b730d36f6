package zkp

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// An Element is an element of the scalar field of BN254, the field of all
// proofs. Its wire form is 32 bytes, big-endian, canonical.
type Element = fr.Element

// domain derives the constant that separates one use of a hash from the others.
func domain(name string) Element {
	return truncate(sha256.Sum256([]byte("hufu/zkp/2/" + name)))
}

var (
	domainPseudonym  = domain("pseudonym")
	domainCommitment = domain("commitment")
	domainSignature  = domain("signature")
	domainHandle     = domain("handle")
	domainRegistry   = domain("registry")
	domainRevocation = domain("revocation")
	domainSet        = domain("set")
)

// Domains returns the domain constants by name. Package prover builds them into
// its circuits.
func Domains() map[string]Element {
	return map[string]Element{
		"pseudonym": domainPseudonym, "commitment": domainCommitment,
		"signature": domainSignature, "handle": domainHandle,
		"registry": domainRegistry, "revocation": domainRevocation, "set": domainSet,
	}
}

// truncate reads the first 31 bytes of a digest as an element. The result is
// always canonical; eight bits are lost.
func truncate(digest [32]byte) Element {
	var e Element
	e.SetBytes(digest[:31])
	return e
}

// HashToField returns the first 31 bytes of SHA-256("hufu/zkp/2/" ‖ name ‖ 0x00
// ‖ parts) as an element. Each part has its length, u32 big-endian, before it.
func HashToField(name string, parts ...[]byte) Element {
	h := sha256.New()
	h.Write([]byte("hufu/zkp/2/" + name))
	h.Write([]byte{0})
	var n [4]byte
	for _, p := range parts {
		binary.BigEndian.PutUint32(n[:], uint32(len(p)))
		h.Write(n[:])
		h.Write(p)
	}
	var digest [32]byte
	return truncate([32]byte(h.Sum(digest[:0])))
}

// SchemaElement encodes one version of one schema for the circuits.
func SchemaElement(id string, version uint32) Element {
	var v [4]byte
	binary.BigEndian.PutUint32(v[:], version)
	return HashToField("schema", []byte(id), v[:])
}

// RegionElement encodes a GB/T 2260 code ("110101") for the circuits.
func RegionElement(code string) Element {
	return HashToField("region", []byte(code))
}

// ParseElement reads 32 canonical bytes. It refuses a value of r or more, which
// would be a second spelling of an element. The error is ErrForm.
func ParseElement(b []byte) (Element, error) {
	var e Element
	if err := e.SetBytesCanonical(b); err != nil {
		return Element{}, fmt.Errorf("%w: not a canonical field element", ErrForm)
	}
	return e, nil
}
