package openid

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/legible"
)

// ErrTransactionData means transaction data of an unknown type, or that breaks the rules
// of its type (OpenID4VP 1.0 section 8.5, invalid_transaction_data).
var ErrTransactionData = errors.New("openid: invalid transaction data")

const (
	// TypeDocument is the one type of transaction data of this package, which this project
	// defines: the holder authorises the signature of a document.
	TypeDocument = "urn:hufu:transaction:document:1"
	// hashSHA256 is the hash of transaction_data_hashes, which every wallet has.
	hashSHA256 = "sha-256"
	// ClaimTransactionHashes and ClaimTransactionAlg are claims of a key binding JWT
	// (OpenID4VP 1.0 appendix B.3.3).
	ClaimTransactionHashes = "transaction_data_hashes"
	ClaimTransactionAlg    = "transaction_data_hashes_alg"
)

// maxTransactions caps the transactions of one request.
const maxTransactions = 16

// A Transaction is what the holder authorises with the presentation: the signature of a
// document.
type Transaction struct {
	// CredentialIDs are credential queries; one of them authorises it.
	CredentialIDs []string
	// Label says what the document is, to the citizen.
	Label PurposeText
	// Document is the SHA-256 of the document.
	Document [sha256.Size]byte

	names bool   // the request names the hash algorithms
	text  string // as it stands in the request
}

type transactionJSON struct {
	Type          string      `json:"type"`
	CredentialIDs []string    `json:"credential_ids"`
	Algorithms    *[]string   `json:"transaction_data_hashes_alg,omitzero"`
	Label         PurposeText `json:"label"`
	Document      string      `json:"document_hash"`
}

// Hash is the transaction's entry in transaction_data_hashes: the base64url SHA-256 of
// the text in the request, which is not decoded before.
func (t *Transaction) Hash() string { return CertificateHash([]byte(t.text)) }

// encode writes the text of the request.
func (t *Transaction) encode() (string, error) {
	b, err := marshal(&transactionJSON{
		Type: TypeDocument, CredentialIDs: t.CredentialIDs, Label: t.Label, Document: base64.RawURLEncoding.EncodeToString(t.Document[:]),
	})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// parseTransaction reads one string of transaction_data. An unknown member is refused:
// the holder would authorise what nobody showed.
func parseTransaction(text string) (*Transaction, error) {
	if len(text) > limits.Document {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTransactionData, limits.Document)
	}
	raw, err := decodeBase64URL(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTransactionData, err)
	}
	var kind struct {
		Type string `json:"type"`
	}
	if err := strictjson.Read(raw, limits.Document, &kind, strictjson.AllowUnknown); err != nil || kind.Type != TypeDocument {
		return nil, fmt.Errorf("%w: unknown type", ErrTransactionData)
	}
	var wire transactionJSON
	if err := strictjson.Read(raw, limits.Document, &wire, strictjson.RefuseNull); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTransactionData, err)
	}
	t := &Transaction{CredentialIDs: wire.CredentialIDs, Label: wire.Label, names: wire.Algorithms != nil, text: text}
	hash, err := decodeBase64URL(wire.Document)
	if err != nil || len(hash) != sha256.Size {
		return nil, fmt.Errorf("%w: document_hash is no SHA-256 in base64url", ErrTransactionData)
	}
	t.Document = [sha256.Size]byte(hash)
	if wire.Algorithms != nil && !slices.Contains(*wire.Algorithms, hashSHA256) {
		return nil, fmt.Errorf("%w: no hash algorithm that is supported", ErrTransactionData)
	}
	for _, label := range []string{t.Label.EN, t.Label.ZH} {
		if err := legible.Check(label, legible.Limits{}); err != nil || len(label) > maxText {
			return nil, fmt.Errorf("%w: label is missing in a language, too long or illegible", ErrTransactionData)
		}
	}
	return t, nil
}

// parseTransactions reads transaction_data, and holds it against the query.
func parseTransactions(texts []string, query *Query) ([]*Transaction, error) {
	if texts != nil && len(texts) == 0 || len(texts) > maxTransactions {
		return nil, fmt.Errorf("%w: %d transactions, from 1 to %d are taken", ErrTransactionData, len(texts), maxTransactions)
	}
	var out []*Transaction
	for i, text := range texts {
		t, err := parseTransaction(text)
		if err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
		for _, id := range t.CredentialIDs {
			// A proof has no key binding JWT to carry the hashes.
			if c := query.Credential(id); c == nil || c.Format != FormatSDJWT {
				return nil, fmt.Errorf("%w: credential_ids does not match the query", ErrTransactionData)
			}
		}
		if len(t.CredentialIDs) == 0 || len(t.CredentialIDs) > maxCredentials {
			return nil, fmt.Errorf("%w: credential_ids is missing, empty or too long", ErrTransactionData)
		}
		out = append(out, t)
	}
	return out, nil
}

// Authorises returns the claims by which the key binding JWT of one presentation
// authorises the transactions of a request: those that name its query, and for which no
// query before it in answered stands. Nil for none.
func (r *AuthorizationRequest) Authorises(query string, answered []string) map[string]any {
	hashes, named := r.authorised(query, answered)
	if hashes == nil {
		return nil
	}
	claims := map[string]any{ClaimTransactionHashes: hashes}
	if named {
		claims[ClaimTransactionAlg] = hashSHA256
	}
	return claims
}

// authorised lists the hashes of the transactions that fall to one of the queries that an
// answer answers: the first that a transaction names.
func (r *AuthorizationRequest) authorised(query string, answered []string) (hashes []string, named bool) {
	for _, t := range r.Transactions {
		i := slices.IndexFunc(t.CredentialIDs, func(id string) bool { return slices.Contains(answered, id) })
		if i >= 0 && t.CredentialIDs[i] == query {
			hashes, named = append(hashes, t.Hash()), named || t.names
		}
	}
	return hashes, named
}

// CheckAuthorised holds the claims of the key binding JWTs of an answer, by query id,
// against the transactions of the request: each is authorised by exactly one credential
// that it names, and nothing else is. The error is ErrTransactionData.
func (r *AuthorizationRequest) CheckAuthorised(bindings map[string]map[string]any) error {
	open := map[string][]string{} // by hash: credentials that may authorise it
	for _, t := range r.Transactions {
		open[t.Hash()] = t.CredentialIDs
	}
	for query, claims := range bindings {
		raw, found := claims[ClaimTransactionHashes]
		hashes, ok := raw.([]any)
		if found && (!ok || len(hashes) == 0) {
			return fmt.Errorf("%w: %s is no list", ErrTransactionData, ClaimTransactionHashes)
		}
		if alg, named := claims[ClaimTransactionAlg]; named && alg != hashSHA256 {
			return fmt.Errorf("%w: hashed with another algorithm", ErrTransactionData)
		}
		for _, hash := range hashes {
			text, _ := hash.(string)
			if !slices.Contains(open[text], query) {
				return fmt.Errorf("%w: authorises what was not asked, or twice", ErrTransactionData)
			}
			delete(open, text)
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%w: %d transactions are not authorised", ErrTransactionData, len(open))
	}
	return nil
}
