package ceremony

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	bls "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// SourceDrand is the beacon that a program can check offline: the quicknet
// chain of drand, which signs the number of a round every three seconds. Its
// value is the signature of the first round at or after the rule's time.
const SourceDrand = "drand/quicknet"

// Parameters of quicknet, as its operators publish them
// (https://docs.drand.love/blog/2023/10/16/quicknet-is-live): signatures in G1,
// keys in G2 of BLS12-381, hashing to the curve after RFC 9380.
const (
	drandGenesis = 1692803367
	drandPeriod  = 3
	drandDomain  = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
	drandKey     = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c" +
		"8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb" +
		"5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)

// Sizes of a beacon's value in bytes.
const (
	minBeacon = 16
	maxBeacon = 512
)

// A BeaconRule fixes, before anybody contributes, which public random value
// ends a phase: the first value that the source publishes at or after a given
// time.
type BeaconRule struct {
	// Source is SourceDrand, or another source in words. A program cannot check
	// the values of another source: people compare them.
	Source string `json:"source"`
	// At is the time of the rule, in whole seconds, UTC.
	At time.Time `json:"at"`
}

func (r BeaconRule) check() error {
	if r.Source == "" || len(r.Source) > maxName || !printable(r.Source) {
		return fmt.Errorf("%w: a beacon without a source", ErrPlan)
	}
	if r.Source == SourceDrand && r.At.Unix() < drandGenesis {
		return fmt.Errorf("%w: a beacon before the first of its source", ErrPlan)
	}
	return nil
}

// Round returns the number of the drand round that the rule names, and 0 for
// other sources.
func (r BeaconRule) Round() uint64 {
	if r.Source != SourceDrand {
		return 0
	}
	since := r.At.Unix() - drandGenesis
	return uint64((since+drandPeriod-1)/drandPeriod) + 1
}

// Checkable reports whether CheckValue can recognise the source's value.
func (r BeaconRule) Checkable() bool { return r.Source == SourceDrand }

// CheckValue returns ErrBeacon if the value cannot be the one that the rule
// names. For a source that is not checkable it checks only the length, 16 to
// 512 bytes.
func (r BeaconRule) CheckValue(value []byte) error {
	if !r.Checkable() {
		if len(value) < minBeacon || len(value) > maxBeacon {
			return fmt.Errorf("%w: %d bytes, from %d to %d expected", ErrBeacon, len(value), minBeacon, maxBeacon)
		}
		return nil
	}
	var signature bls.G1Affine
	if len(value) != bls.SizeOfG1AffineCompressed {
		return fmt.Errorf("%w: %d bytes, a signature of drand has %d", ErrBeacon, len(value), bls.SizeOfG1AffineCompressed)
	}
	if _, err := signature.SetBytes(value); err != nil {
		return fmt.Errorf("%w: not a signature of drand", ErrBeacon)
	}
	if !drandSigned(&signature, r.Round()) {
		return fmt.Errorf("%w: not the signature of drand's round %d", ErrBeacon, r.Round())
	}
	return nil
}

// drandSigned checks e(signature, −g₂)·e(H(SHA-256(round)), key) = 1.
func drandSigned(signature *bls.G1Affine, round uint64) bool {
	digest := sha256.Sum256(binary.BigEndian.AppendUint64(nil, round))
	message, err := bls.HashToG1(digest[:], []byte(drandDomain))
	if err != nil {
		return false
	}
	var key, minus bls.G2Affine
	b, err := hex.DecodeString(drandKey)
	if err != nil {
		return false
	}
	if _, err := key.SetBytes(b); err != nil {
		return false
	}
	_, _, _, g2 := bls.Generators()
	ok, err := bls.PairingCheck([]bls.G1Affine{*signature, message}, []bls.G2Affine{*minus.Neg(&g2), key})
	return err == nil && ok
}

// beaconFile is the beacon.json of a phase.
type beaconFile struct {
	Version int    `json:"version"`
	Value   string `json:"value"` // hexadecimal
}

func parseBeacon(b []byte) ([]byte, error) {
	var f beaconFile
	if err := decode(b, &f); err != nil {
		return nil, err
	}
	value, err := hex.DecodeString(f.Value)
	if err != nil || f.Version != 1 || hex.EncodeToString(value) != f.Value {
		return nil, fmt.Errorf("%w: beacon", ErrForm)
	}
	return value, nil
}

func encodeBeacon(value []byte) []byte {
	return encode(beaconFile{Version: 1, Value: hex.EncodeToString(value)})
}
