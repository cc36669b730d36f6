package openid

import (
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
)

// formatLedgerProof is the format of our element of verifier_info.
const formatLedgerProof = "hufu_ledger_proof"

// maxVerifierInfo bounds how many elements verifier_info has.
const maxVerifierInfo = 16

// verifierInfoJSON is one element of verifier_info (OpenID4VP 1.0 section 5.11). Elements
// of other formats are ignored, as the standard asks.
type verifierInfoJSON struct {
	Format        string         `json:"format"`
	Data          jsontext.Value `json:"data"`
	CredentialIDs *[]string      `json:"credential_ids,omitzero"`
}

func infoOf(proof []byte) verifierInfoJSON {
	// Base64url needs no escapes.
	return verifierInfoJSON{Format: formatLedgerProof, Data: jsontext.Value(`"` + base64.RawURLEncoding.EncodeToString(proof) + `"`)}
}

// ledgerProof returns the data of the one element of our format, nil if there is none. The
// proof is about the whole query: it names no credential_ids.
func ledgerProof(info []verifierInfoJSON, query *Query) (proof []byte, err error) {
	if info != nil && len(info) == 0 || len(info) > maxVerifierInfo {
		return nil, fmt.Errorf("%w: verifier_info of %d elements", ErrRequest, len(info))
	}
	for _, e := range info {
		if err := e.check(query); err != nil {
			return nil, err
		}
		if e.Format != formatLedgerProof {
			continue
		}
		if proof != nil || e.CredentialIDs != nil {
			return nil, fmt.Errorf("%w: verifier_info has two ledger proofs, or one of a part", ErrRequest)
		}
		if proof, err = e.proof(); err != nil {
			return nil, err
		}
	}
	return proof, nil
}

func (e *verifierInfoJSON) check(query *Query) error {
	if e.Format == "" || len(e.Data) == 0 || e.Data[0] != '"' && e.Data[0] != '{' {
		return fmt.Errorf("%w: verifier_info without a format, or data that is no text or object", ErrRequest)
	}
	if e.CredentialIDs == nil {
		return nil
	}
	unknown := func(id string) bool { return query.Credential(id) == nil }
	if len(*e.CredentialIDs) == 0 || slices.ContainsFunc(*e.CredentialIDs, unknown) {
		return fmt.Errorf("%w: credential_ids of verifier_info", ErrRequest)
	}
	return nil
}

func (e *verifierInfoJSON) proof() ([]byte, error) {
	text, err := jsontext.AppendUnquote(nil, e.Data)
	if err != nil {
		return nil, fmt.Errorf("%w: ledger proof is no text", ErrRequest)
	}
	proof, err := decodeBase64URL(string(text))
	if err != nil || len(proof) == 0 {
		return nil, fmt.Errorf("%w: ledger proof is not base64url", ErrRequest)
	}
	if len(proof) > limits.VerifierProof {
		return nil, fmt.Errorf("%w: ledger proof of %d bytes", ErrTooLarge, len(proof))
	}
	return proof, nil
}
