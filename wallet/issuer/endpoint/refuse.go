package endpoint

import (
	"errors"
	"net/http"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// refusal is an answer that says no.
type refusal struct {
	status int
	err    oauth.Error
	// nonce asks for a DPoP-Nonce, and challenge for one of a wallet attestation.
	nonce, challenge bool
	// scheme makes it the answer of a resource to its token (RFC 6750 section 3).
	scheme string
	cause  error
}

func (r *refusal) Error() string { return "endpoint: " + r.err.Error() }

func (r *refusal) Unwrap() error { return r.cause }

// no makes a refusal of the request.
func no(code oauth.Code, sentence string, cause error) *refusal {
	return &refusal{status: http.StatusBadRequest, err: oauth.Error{Code: code, Description: sentence}, cause: cause}
}

// errNotFound: there is nothing at this address.
var errNotFound = &refusal{status: http.StatusNotFound, err: oauth.Error{Code: oauth.InvalidRequest, Description: "There is nothing at this address."}}

// refuse writes an error as its endpoint has it.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errGone) {
		return
	}
	var known *refusal
	if !errors.As(err, &known) {
		known = s.judge(err)
	}
	if known.nonce {
		w.Header().Set("DPoP-Nonce", s.newNonce(forDPoP))
	}
	if known.challenge {
		w.Header().Set(oauth.ChallengeHeader, s.newNonce(forChallenge))
	}
	if known.scheme != "" {
		w.Header().Set("WWW-Authenticate", known.scheme+` error="`+string(known.err.Code)+`", error_description="`+known.err.Description+`"`)
	}
	_ = answer(w, known.status, known.err.Bytes())
}

// judge finds the registered code for what went wrong below.
func (s *Server) judge(err error) *refusal {
	var tooLarge *http.MaxBytesError
	var rejected *issuer.Rejected
	is := func(reasons ...error) bool {
		for _, reason := range reasons {
			if errors.Is(err, reason) {
				return true
			}
		}
		return false
	}
	switch {
	case errors.As(err, &tooLarge):
		return &refusal{status: http.StatusRequestEntityTooLarge, err: oauth.Error{Code: oauth.InvalidRequest, Description: "The request is too large."}}
	case is(openid.ErrProofNonce):
		return no(oauth.InvalidNonce, "The nonce of a key proof is not one of this issuer, has expired, or was used. Get a new one.", err)
	case is(openid.ErrProof, openid.ErrProofAudience, openid.ErrProofTime, openid.ErrUnsupportedProof, openid.ErrKeyAttestation) || isToken(err):
		return no(oauth.InvalidProof, "A key proof is missing, malformed, not signed by its key, or made for another issuer or time.", err)
	case is(openid.ErrEncryption, jwe.ErrKey, jwe.ErrAlgorithm):
		return no(oauth.InvalidEncryptionParameters, "The answer cannot be encrypted as the request asks.", err)
	case is(issuer.ErrType):
		return no(oauth.UnknownCredentialConfiguration, "This issuer has no such credential configuration for this token.", err)
	case is(openid.ErrCredentialRequest, openid.ErrJSON, openid.ErrTooLarge):
		return no(oauth.InvalidCredentialRequest, "The credential request is malformed, or asks for more than is taken.", err)
	case is(issuer.ErrTransaction):
		return no(oauth.InvalidTransactionID, "Nothing waits under this transaction id, or it was collected.", err)
	case is(issuer.ErrNotification):
		return no(oauth.InvalidNotificationID, "This notification id is not of an answer to this token.", err)
	case is(openid.ErrNotification):
		return no(oauth.InvalidNotificationRequest, "The notification is malformed, or names an unknown event.", err)
	case is(oauth.ErrGrantType):
		return no(oauth.UnsupportedGrantType, "This grant type is not supported.", err)
	case is(oauth.ErrResponseType):
		return no(oauth.UnsupportedResponseType, "Only the response type code is supported.", err)
	case is(oauth.ErrMessage, oauth.ErrChallenge):
		return no(oauth.InvalidRequest, "The request is malformed, or a required parameter is missing.", err)
	case is(issuer.ErrTxCodeMissing):
		return no(oauth.InvalidRequest, "The offer needs a transaction code, or has none.", err)
	case is(issuer.ErrTxCode):
		return no(oauth.InvalidGrant, "The transaction code is wrong. After five wrong ones the offer ends.", err)
	case errors.As(err, &rejected):
		return no(oauth.CredentialRequestDenied, rejected.Describe("en"), err)
	}
	return &refusal{status: http.StatusInternalServerError, cause: err,
		err: oauth.Error{Code: oauth.ServerError, Description: "This could not be done now. It is not a refusal: try again later."}}
}

// isToken reports whether a signed token was refused by the door to JOSE.
func isToken(err error) bool {
	for _, reason := range []error{
		did.ErrSyntax, did.ErrUnsupportedMethod, did.ErrNoKey, did.ErrKey, did.ErrPrivateKey, did.ErrUnsupportedKey,
		did.ErrTooLarge, did.ErrToken, did.ErrHeader, did.ErrCritical, did.ErrType, did.ErrAlgorithm, did.ErrSignature,
	} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}
