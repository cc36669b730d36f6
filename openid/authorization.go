package openid

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/legible"
)

// ErrRequest means that a presentation request breaks OpenID4VP 1.0 section 5
// or asks for something that this package does not support.
var ErrRequest = errors.New("openid: invalid presentation request")

const (
	// selfIssued is the audience of a request to a wallet that the verifier
	// does not know (OpenID4VP 1.0 section 5.8).
	selfIssued = "https://self-issued.me/v2"

	vpToken = "vp_token"
)

// An AuthorizationRequest is a counter's request for presentations (OpenID4VP
// 1.0 section 5), with response_type vp_token.
type AuthorizationRequest struct {
	// Prefix says how the verifier is known; empty means ClientDID.
	Prefix ClientPrefix
	// Verifier is the client_id without its prefix: the DID of the counter's agency, the
	// hash of a certificate, a DNS name, or the response_uri.
	Verifier string
	// Mode says how the answer is sent; empty means DirectPost.
	Mode ResponseMode
	// Keys are the verifier's keys for the answer, and Contents the content encryptions
	// (enc) that it takes, nil for A128GCM alone. DirectPostJWT requires the keys.
	Keys     *KeySet
	Contents []string
	// ResponseURI is the address for the answer: https, or http to a loopback
	// address.
	ResponseURI string
	// Nonce binds the answer to the request. It consists of URL-safe characters, at
	// least 12. SignRequest wants at least 22 of them, 128 bits in base64url.
	Nonce string
	// State identifies the request at the counter. SignRequest wants it as hard to guess
	// as Nonce. Requests of other verifiers may lack it.
	State string
	// WalletNonce repeats what the wallet sent to request_uri (section 5.10); empty for
	// none.
	WalletNonce string
	Query       *Query
	// Transactions are what the holder is to authorise (transaction_data).
	Transactions []*Transaction
	// IssuedAt and Expires are in whole seconds. SignRequest requires both; zero in a
	// request of another verifier means that it does not say.
	IssuedAt time.Time
	// NotBefore is when the request begins to count, in whole seconds; zero means IssuedAt.
	NotBefore time.Time
	Expires   time.Time // after IssuedAt and NotBefore
	// Formats lists, for each credential format, the signature algorithms that
	// the counter accepts. In SignRequest nil means did.DefaultSuites for each
	// format in Query.
	Formats map[string]Algorithms

	// This project defines the members below. Requests of other verifiers lack
	// them.

	// Purpose says why the counter asks. The wallet shows it to the citizen.
	// Nothing compares it with a purpose on the ledger.
	Purpose *Purpose
	// Policy is the hash of the counter's policy file.
	Policy *Hash
	// Scope says where the verifier will recognise the holder again. The zero
	// value means nowhere.
	Scope Scope
	// MaxEpochAge is the greatest age of a zero-knowledge proof's epoch, in
	// whole seconds. Zero means the ledger's own maximum.
	MaxEpochAge time.Duration
	// Existence says that the counter takes, beside disclosed claims, what shows that a
	// credential existed before its issuer's key was compromised. Its member is
	// hufu_existence.
	Existence bool

	// LedgerProof proves who the verifier is and what it may ask, to a wallet that asks
	// nobody: a ledger.Proof in its canonical form, which ParseRequest does not read. It
	// travels in verifier_info (OpenID4VP 1.0 section 5.11), base64url, with the format
	// hufu_ledger_proof. Nil means none.
	LedgerProof []byte

	// QueryHash is the SHA-256 of dcql_query, byte for byte as it stands in the
	// request object. Both sides bind a proof to it. ParseRequest sets it;
	// SignRequest ignores it.
	QueryHash [sha256.Size]byte
}

// Algorithms lists the accepted algorithms as JOSE names (OpenID4VP 1.0
// appendix B.3.4).
type Algorithms struct {
	SDJWT []string `json:"sd-jwt_alg_values,omitzero"`
	KBJWT []string `json:"kb-jwt_alg_values,omitzero"`
}

// Accept reports whether the counter takes an SD-JWT that the issuer signed with one
// algorithm and the holder with another. What a list leaves out is refused; a list that is
// absent says nothing.
func (a Algorithms) Accept(issuer, holder string) bool {
	return (a.SDJWT == nil || slices.Contains(a.SDJWT, issuer)) && (a.KBJWT == nil || slices.Contains(a.KBJWT, holder))
}

// A Purpose says why a counter asks, under which law, and how long it keeps the
// answer.
type Purpose struct {
	ID    string      `json:"id"`
	Text  PurposeText `json:"text"`
	Basis PurposeText `json:"basis"` // the law that allows the question
	// Retention is an ISO 8601 duration with one unit, such as P0D or P6M.
	Retention string `json:"retention"`
}

// A PurposeText is one sentence for the citizen, in both languages.
type PurposeText struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// A ScopeKind says how a verifier recognises a holder again.
type ScopeKind string

// Kinds of scope.
const (
	ScopeNone     ScopeKind = ""         // not at all; "none" in JSON
	ScopeOnce     ScopeKind = "once"     // once in one event
	ScopeCounted  ScopeKind = "counted"  // once in one event, with what the holder says in it
	ScopePairwise ScopeKind = "pairwise" // under one name at this verifier
)

// A Scope names where the holder has one pseudonym: in one event, in which the
// holder may act once, or at one verifier. The wallet derives the pseudonym's
// scope from this and from Verifier.
type Scope struct {
	Kind ScopeKind
	// Event is required for ScopeOnce and ScopeCounted, optional for ScopePairwise and
	// empty for ScopeNone.
	Event string
	// Saying is what the holder says in the event. ScopeCounted requires it; every other
	// kind has none.
	Saying *Saying
}

// requestJSON is the payload of a request object. The last two members are named in order
// to refuse them: a request that has one means more than this package reads.
type requestJSON struct {
	ClientID       string              `json:"client_id"`
	ResponseType   string              `json:"response_type"`
	ResponseMode   string              `json:"response_mode"`
	ResponseURI    string              `json:"response_uri,omitzero"`
	Nonce          string              `json:"nonce"`
	State          string              `json:"state,omitzero"`
	WalletNonce    string              `json:"wallet_nonce,omitzero"`
	Audience       string              `json:"aud,omitzero"`
	IssuedAt       *strictjson.Since   `json:"iat,omitzero"`
	NotBefore      *strictjson.Since   `json:"nbf,omitzero"`
	Expires        *strictjson.Until   `json:"exp,omitzero"`
	Query          jsontext.Value      `json:"dcql_query"`
	ClientMetadata *clientMetadataJSON `json:"client_metadata,omitzero"`
	VerifierInfo   []verifierInfoJSON  `json:"verifier_info,omitzero"`
	Transactions   []string            `json:"transaction_data,omitzero"`

	Purpose *Purpose    `json:"hufu_purpose,omitzero"`
	Policy  *Hash       `json:"hufu_policy,omitzero"`
	Scope   *scopeJSON  `json:"hufu_scope,omitzero"`
	Epochs  *epochsJSON `json:"hufu_epochs,omitzero"`
	Exists  bool        `json:"hufu_existence,omitzero"`

	RedirectURI    jsontext.Value `json:"redirect_uri,omitzero"`
	ScopeParameter jsontext.Value `json:"scope,omitzero"`
}

type scopeJSON struct {
	Kind  string       `json:"kind"`
	Event string       `json:"event,omitzero"`
	Says  *PurposeText `json:"says,omitzero"`
	Salt  *string      `json:"salt,omitzero"`
}

type epochsJSON struct {
	MaxAge int64 `json:"max_age"`
}

// scopeNone is the JSON form of ScopeNone.
const scopeNone = "none"

func parseRequestPayload(payload []byte) (*AuthorizationRequest, error) {
	wire, err := unmarshal[requestJSON](payload)
	if err != nil {
		return nil, err
	}
	if wire.Audience == "" {
		return nil, fmt.Errorf("%w: aud is not %s", ErrRequest, selfIssued)
	}
	return wire.request()
}

// request reads the members of a request, signed or not.
func (w *requestJSON) request() (*AuthorizationRequest, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	query, err := ParseQuery(w.Query)
	if err != nil {
		return nil, err
	}
	request := &AuthorizationRequest{
		ResponseURI: w.ResponseURI,
		Nonce:       w.Nonce,
		State:       w.State,
		WalletNonce: w.WalletNonce,
		Query:       query,
		Formats:     w.ClientMetadata.Formats,
		Keys:        w.ClientMetadata.Keys,
		Contents:    w.ClientMetadata.Contents,
		Purpose:     w.Purpose,
		Policy:      w.Policy,
		Existence:   w.Exists,
		QueryHash:   sha256.Sum256(w.Query),
	}
	if w.ResponseMode != string(DirectPost) {
		request.Mode = ResponseMode(w.ResponseMode)
	}
	if err := request.setClientID(w.ClientID); err != nil {
		return nil, err
	}
	if request.Prefix == ClientRedirectURI && request.ResponseURI == "" {
		request.ResponseURI = request.Verifier
	}
	if request.LedgerProof, err = ledgerProof(w.VerifierInfo, query); err != nil {
		return nil, err
	}
	if request.Transactions, err = parseTransactions(w.Transactions, query); err != nil {
		return nil, err
	}
	if err := w.readTimes(request); err != nil {
		return nil, err
	}
	if w.Epochs != nil {
		request.MaxEpochAge = time.Duration(w.Epochs.MaxAge) * time.Second
	}
	if w.Scope != nil {
		if request.Scope, err = w.Scope.parse(); err != nil {
			return nil, err
		}
	}
	if err := request.check(); err != nil {
		return nil, err
	}
	return request, nil
}

// readTimes reads iat, nbf and exp. Our own members are bound to times.
func (w *requestJSON) readTimes(r *AuthorizationRequest) error {
	for _, c := range []struct {
		seconds *int64
		time    *time.Time
	}{{(*int64)(w.IssuedAt), &r.IssuedAt}, {(*int64)(w.NotBefore), &r.NotBefore}, {(*int64)(w.Expires), &r.Expires}} {
		if c.seconds == nil {
			continue
		}
		if !inRange(*c.seconds) {
			return fmt.Errorf("%w: iat, nbf or exp is out of range", ErrRequest)
		}
		*c.time = time.Unix(*c.seconds, 0).UTC()
	}
	return nil
}

// check compares the members that can have only one value.
func (w *requestJSON) check() error {
	switch {
	case w.ResponseType != vpToken:
		return fmt.Errorf("%w: response_type is not %s", ErrRequest, vpToken)
	case w.ResponseMode != string(DirectPost) && w.ResponseMode != string(DirectPostJWT):
		return fmt.Errorf("%w: response_mode is neither %s nor %s", ErrRequest, DirectPost, DirectPostJWT)
	case w.Audience != "" && w.Audience != selfIssued:
		return fmt.Errorf("%w: aud is not %s", ErrRequest, selfIssued)
	case w.Query == nil:
		return fmt.Errorf("%w: dcql_query is missing", ErrRequest)
	case w.ClientMetadata == nil:
		return fmt.Errorf("%w: client_metadata is missing", ErrRequest)
	case w.RedirectURI != nil:
		return fmt.Errorf("%w: redirect_uri beside %s", ErrRequest, w.ResponseMode)
	case w.ScopeParameter != nil:
		return fmt.Errorf("%w: scope beside dcql_query", ErrRequest)
	case w.Epochs != nil && (w.Epochs.MaxAge < 1 || w.Epochs.MaxAge > maxAge):
		return fmt.Errorf("%w: hufu_epochs max_age is out of range", ErrRequest)
	case w.Scope != nil && w.Scope.Kind == "":
		return fmt.Errorf("%w: hufu_scope without a kind", ErrRequest)
	}
	return nil
}

const (
	maxAge  = 366 * 24 * 60 * 60 // seconds
	maxTime = 1 << 40            // seconds; far, and safe to add to
	maxText = 1000               // bytes of one sentence
)

func inRange(seconds int64) bool { return seconds > 0 && seconds < maxTime }

// check makes the checks that SignRequest and ParseRequest share.
func (r *AuthorizationRequest) check() error {
	if err := cmp.Or(CheckResponseURI(r.ResponseURI), r.checkClient(), r.checkEncryption()); err != nil {
		return err
	}
	if !isURLSafe(r.Nonce) {
		return fmt.Errorf("%w: nonce is missing or has characters outside the URL-safe ones", ErrRequest)
	}
	if r.State != "" && !isCode(r.State) || r.WalletNonce != "" && !isCode(r.WalletNonce) {
		return fmt.Errorf("%w: state or wallet_nonce is malformed", ErrRequest)
	}
	if len(r.Nonce) < minNonce {
		return fmt.Errorf("%w: a nonce of less than %d characters is guessed", ErrRequest, minNonce)
	}
	if !r.Expires.IsZero() && (!r.Expires.After(r.IssuedAt) || !r.Expires.After(r.NotBefore)) {
		return fmt.Errorf("%w: exp is not after iat and nbf", ErrRequest)
	}
	for _, c := range r.Query.Credentials {
		if c.Format == FormatSDJWTZK && r.Expires.IsZero() {
			return fmt.Errorf("%w: a proof is bound to exp, which is missing", ErrRequest)
		}
		algorithms, ok := r.Formats[c.Format]
		if !ok {
			return fmt.Errorf("%w: vp_formats_supported lacks a format that is asked for", ErrRequest)
		}
		if algorithms.SDJWT != nil && len(algorithms.SDJWT) == 0 || algorithms.KBJWT != nil && len(algorithms.KBJWT) == 0 {
			return fmt.Errorf("%w: vp_formats_supported accepts no algorithm", ErrRequest)
		}
	}
	if err := cmp.Or(r.Scope.check(), r.checkCounted()); err != nil || r.Purpose == nil {
		return err
	}
	return r.Purpose.check()
}

func (p *Purpose) check() error {
	if !isIdentifier(p.ID) || !isRetention(p.Retention) {
		return fmt.Errorf("%w: hufu_purpose has no id, or a malformed retention", ErrRequest)
	}
	for _, text := range []string{p.Text.EN, p.Text.ZH, p.Basis.EN, p.Basis.ZH} {
		if err := legible.Check(text, legible.Limits{}); err != nil || len(text) > maxText {
			return fmt.Errorf("%w: hufu_purpose has a text that is missing, too long or illegible", ErrRequest)
		}
	}
	return nil
}

// Kept says for people how long an answer is kept.
func (p *Purpose) Kept() (english, chinese string) {
	if !isRetention(p.Retention) {
		return p.Retention, p.Retention
	}
	number := strings.TrimLeft(p.Retention[1:len(p.Retention)-1], "0")
	if number == "" {
		return "no personal data, only the result", "不保存个人信息，只保留核验结果"
	}
	unit := map[byte][2]string{'D': {"day", "天"}, 'W': {"week", "周"}, 'M': {"month", "个月"}, 'Y': {"year", "年"}}[p.Retention[len(p.Retention)-1]]
	if number != "1" {
		unit[0] += "s"
	}
	return "for " + number + " " + unit[0] + ", then deleted", "保存 " + number + " " + unit[1] + "，到期删除"
}

// CheckRetention accepts an ISO 8601 duration with one unit: P, up to four digits, and
// D, W, M or Y. The error is [ErrRequest].
func CheckRetention(duration string) error {
	if !isRetention(duration) {
		return fmt.Errorf("%w: malformed retention", ErrRequest)
	}
	return nil
}

// isRetention accepts P, up to four digits, and D, W, M or Y.
func isRetention(s string) bool {
	digits, ok := strings.CutPrefix(s, "P")
	if !ok || len(digits) < 2 || len(digits) > 5 || !strings.Contains("DWMY", digits[len(digits)-1:]) {
		return false
	}
	return !strings.ContainsFunc(digits[:len(digits)-1], func(r rune) bool { return r < '0' || r > '9' })
}

// CheckResponseURI returns nil for an address that a request may name for its answer:
// https, or http to a loopback address. The error is ErrRequest.
func CheckResponseURI(text string) error {
	if !isResponseURI(text) {
		return fmt.Errorf("%w: response_uri is not https, nor http to a loopback address", ErrRequest)
	}
	return nil
}

func isResponseURI(text string) bool {
	u, err := url.Parse(text)
	if err != nil || len(text) > limits.Identifier || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// isURLSafe accepts the unreserved characters of RFC 3986.
func isURLSafe(s string) bool {
	return isCode(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || slices.Contains([]rune("-._~"), r))
	})
}
