package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/wallet"
)

// An Offer is what the citizen must decide on.
type Offer struct {
	// Site is the Credential Issuer Identifier, and Names what the issuer calls itself there:
	// nobody vouches for that. wallet.Offered says who vouches for the issuer.
	Site  string
	Names []openid.Display
	// Credentials are those that this wallet can take, at least one.
	Credentials []*wallet.Offered
	// Grant is oauth.GrantPreAuthorized, for Receive, or oauth.GrantAuthorizationCode, for
	// Begin.
	Grant string
	// TxCode describes the code that came another way; nil where none is wanted.
	TxCode *openid.TxCode

	offer *openid.CredentialOffer
	site  *site
}

// site is an issuer and the authorization server that it named.
type site struct {
	metadata *openid.IssuerMetadata
	server   *oauth.ServerMetadata
}

// Offer reads an offer: a link by value or by reference, its JSON, or QR text. It fetches
// the metadata of the issuer and of its authorization server, and asks the ledger who
// vouches for it.
//
// The issuer learns that somebody opened its offer, and from which network address. Whoever
// serves the ledger learns that somebody has an offer of this issuer.
//
// The reason of a refusal is openid.ErrOffer, ErrAddress, ErrAnswer, ErrOtherServer,
// ErrUnsupported, or one of wallet.ResolveIssuer; that of an [*Unchecked] ErrUnreachable.
func (c *Client) Offer(ctx context.Context, text string) (_ *Offer, err error) {
	defer judge(&err)
	offer, err := c.read(ctx, strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	return c.look(ctx, offer)
}

// Issuer is Offer for a citizen who goes to an issuer without one: it looks into one of the
// credentials that the issuer names in its metadata, to be had by signing in.
func (c *Client) Issuer(ctx context.Context, address, configuration string) (_ *Offer, err error) {
	defer judge(&err)
	return c.look(ctx, &openid.CredentialOffer{Issuer: address, ConfigurationIDs: []string{configuration}})
}

func (c *Client) read(ctx context.Context, text string) (*openid.CredentialOffer, error) {
	if strings.HasPrefix(text, "{") {
		return openid.ParseCredentialOffer([]byte(text))
	}
	if kind, body, err := openid.ParseQRText(text); err == nil {
		if kind != openid.QROffer {
			return nil, fmt.Errorf("%w: another kind of QR code", openid.ErrOffer)
		}
		return openid.ParseCredentialOffer(body)
	}
	offer, err := openid.ParseCredentialOfferURI(text)
	if !errors.Is(err, openid.ErrOfferByReference) {
		return offer, err
	}
	address, err := openid.ParseOfferReference(text)
	if err != nil {
		return nil, err
	}
	body, _, err := c.get(ctx, address, mediaJSON)
	if err != nil {
		return nil, err
	}
	return openid.ParseCredentialOffer(body)
}

// look completes an offer with what issuer and ledger say.
func (c *Client) look(ctx context.Context, offer *openid.CredentialOffer) (*Offer, error) {
	out := &Offer{Site: offer.Issuer, offer: offer, Grant: oauth.GrantAuthorizationCode}
	named := ""
	if g := offer.Grants; g != nil && g.PreAuthorized != nil {
		out.Grant, out.TxCode, named = oauth.GrantPreAuthorized, g.PreAuthorized.TxCode, g.PreAuthorized.Server
	} else if g != nil && g.AuthorizationCode != nil {
		named = g.AuthorizationCode.Server
	} else if g != nil {
		return nil, fmt.Errorf("%w: no grant that this wallet knows", ErrUnsupported)
	}
	metadata, err := c.metadata(ctx, offer.Issuer)
	if err != nil {
		return nil, err
	}
	out.Names = metadata.Display
	var failures []error
	for _, id := range offer.ConfigurationIDs {
		found, err := c.cfg.Wallet.ResolveIssuer(ctx, metadata, id)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		out.Credentials = append(out.Credentials, found)
	}
	if len(out.Credentials) == 0 {
		return nil, failures[0]
	}
	server, err := c.server(ctx, metadata, named, out.Grant)
	if err != nil {
		return nil, err
	}
	out.site = &site{metadata, server}
	return out, nil
}

// metadata fetches what an issuer says of itself (OpenID4VCI 1.0 section 12.2).
func (c *Client) metadata(ctx context.Context, issuer string) (*openid.IssuerMetadata, error) {
	address, err := oauth.WellKnown(openid.IssuerName, issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	accept := mediaJSON
	if c.cfg.MetadataKey != nil {
		accept = mediaJWT + ", " + mediaJSON + ";q=0.5"
	}
	body, media, err := c.get(ctx, address, accept)
	if err != nil {
		return nil, err
	}
	if media != mediaJWT {
		return openid.ParseIssuerMetadata(body, issuer)
	}
	if c.cfg.MetadataKey == nil {
		return nil, fmt.Errorf("%w: signed metadata, which was not asked for", ErrAnswer)
	}
	signed, err := openid.ParseSignedMetadata(string(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	key, err := c.cfg.MetadataKey(ctx, signed.Header, issuer)
	if err != nil {
		return nil, err
	}
	return signed.Verify(key, issuer, openid.VerifyOptions{Now: c.cfg.Clock()})
}

// maxServers is how many authorization servers of an issuer are looked at.
const maxServers = 4

// server fetches the metadata of the authorization server that an offer names, or else of
// the first that takes the grant.
func (c *Client) server(ctx context.Context, m *openid.IssuerMetadata, named, grant string) (*oauth.ServerMetadata, error) {
	servers := m.Servers
	if len(servers) == 0 {
		servers = []string{m.Issuer}
	}
	if named != "" {
		if !slices.Contains(servers, named) {
			return nil, fmt.Errorf("%w: the offer names an authorization server that the issuer does not", ErrOtherServer)
		}
		servers = []string{named}
	}
	for _, issuer := range servers[:min(len(servers), maxServers)] {
		found, err := c.serverMetadata(ctx, issuer)
		if err != nil {
			return nil, err
		}
		if found.Grants(grant) || found.GrantTypes == nil && found.TokenEndpoint != "" {
			return found, nil
		}
	}
	return nil, fmt.Errorf("%w: no authorization server takes this grant", ErrUnsupported)
}

func (c *Client) serverMetadata(ctx context.Context, issuer string) (*oauth.ServerMetadata, error) {
	address, err := oauth.WellKnown(oauth.ServerName, issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	body, _, err := c.get(ctx, address, mediaJSON)
	if err != nil {
		return nil, err
	}
	return oauth.ParseServerMetadata(body, issuer)
}

// choose finds the credential that the citizen chose.
func (o *Offer) choose(configuration string) (*wallet.Offered, error) {
	if configuration == "" && len(o.Credentials) == 1 {
		return o.Credentials[0], nil
	}
	for _, found := range o.Credentials {
		if found.Configuration == configuration {
			return found, nil
		}
	}
	return nil, fmt.Errorf("%w: choose one of its credentials", openid.ErrOffer)
}
