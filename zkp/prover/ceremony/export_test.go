package ceremony

import "crypto"

// What the external tests need to make what a cheat would make.
var (
	Encode          = encode
	EncodeBeacon    = encodeBeacon
	FileBase        = fileBase
	ParseBeacon     = parseBeacon
	ParseTranscript = parseTranscript
	ParsePhase1     = parsePhase1
	Phase1Start     = phase1Start
)

// Transcript is the file's content.
type Transcript = transcript

// Sign signs a record again after a change.
func (r *Record) Sign(signer crypto.Signer) error { return r.sign(signer) }

// ParsePhase2 reads a contribution to phase 2.
func ParsePhase2(b []byte, n, private int) error {
	_, err := parsePhase2(b, phase2Shape(n, private))
	return err
}

// Fact and Beginning name files of the memory.
func Fact(kind string, values ...[]byte) string { return fact(kind, values...) }
