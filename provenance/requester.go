package provenance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
)

// ErrClientID means a client identifier that the source of a request does not bear out:
// another certificate, or a host that it does not name.
var ErrClientID = errors.New("provenance: the request's client identifier is another's")

// Client identifier prefixes that a source can decide on (OpenID4VP 1.0, section 5.9.3).
const (
	prefixDNS = "x509_san_dns:"
	prefixDID = "decentralized_identifier:"
)

// IdentifyRequester finds out who signed a request, by its client_id and its header, before
// the signature is verified with Origin.Key:
//
//	decentralized_identifier:‹DID›  the DID, as the source knows it: ledger or pins
//	x509_hash:‹hash›                 the leaf of x5c has this SHA-256, in base64url
//	x509_san_dns:‹host›              the leaf of x5c names this host
//	‹no prefix known here›           a pinned name: a pre-registered client
//
// Whoever a certificate names has not been accredited by anybody for what he asks: the
// anchor vouches for who he is, if it is configured with Trust.Requests. For an agency of
// the ledger the caller asks Vouch for each type. response_uri is for the caller to compare
// with a host. The error is an [*Error], which says who was held against which anchor; it
// wraps [ErrClientID], [ErrNotTrustedFor], or what Identify returns. What a ledger does not
// prove is left to its caller, as a [*ledger.NotProvedError]. now is the time of the decision.
func IdentifyRequester(ctx context.Context, source Source, clientID string, header did.Header, now time.Time) (*Origin, error) {
	origin, err := identifyRequester(ctx, source, clientID, header, now)
	if err == nil {
		return origin, nil
	}
	t := &trace{ctx: ctx, source: source, origin: origin}
	if id, byDID := strings.CutPrefix(clientID, prefixDID); byDID {
		t.claims.issuer = id
	}
	step := StepIssuer
	if errors.Is(err, ErrNotTrustedFor) {
		step = StepAccreditation
	}
	return nil, t.named(step, err)
}

// identifyRequester returns the origin beside an error, too, where it is known.
func identifyRequester(ctx context.Context, source Source, clientID string, header did.Header, now time.Time) (*Origin, error) {
	m := Message{ID: clientID, Header: header, Action: ledger.ActionVerify, At: now, Now: now}
	id, byDID := strings.CutPrefix(clientID, prefixDID)
	hash, byHash := strings.CutPrefix(clientID, PrefixHash)
	host, byName := strings.CutPrefix(clientID, prefixDNS)
	switch {
	case byDID:
		m.ID = id
	case byHash || byName:
		m.ID = ""
		if len(header.X5C) == 0 {
			return nil, fmt.Errorf("%w: the request carries no certificate", ErrClientID)
		}
		if byHash && certpath.Hash(header.X5C[0]) != hash {
			return nil, fmt.Errorf("%w: the hash is another certificate's", ErrClientID)
		}
	default:
		m.Header.X5C = nil
	}
	origin, err := source.Identify(ctx, m)
	if err != nil {
		return nil, err
	}
	if byName && !origin.Path.HasDNSName(host) {
		return origin, fmt.Errorf("%w: the certificate does not name the host", ErrClientID)
	}
	if _, onLedger := decided(source, origin).(Committed); onLedger {
		return origin, nil
	}
	if _, err := source.Vouch(ctx, origin, Deed{Action: ledger.ActionVerify, At: now}); err != nil {
		return origin, err
	}
	if byHash || byName {
		origin.ID = clientID
	}
	return origin, nil
}
