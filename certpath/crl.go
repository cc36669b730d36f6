package certpath

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
)

// maxCRLs caps the revocation lists that are kept.
const maxCRLs = 64

// CRLs has revocation lists (RFC 5280, section 5): those that were given, and those that
// it fetches. It keeps each until the time that the list itself names. It is safe for
// concurrent use.
type CRLs struct {
	fetch func(ctx context.Context, url string) ([]byte, error)

	mu    sync.Mutex
	given []*x509.RevocationList
	kept  map[string]*x509.RevocationList // by the address
}

// NewCRLs makes an empty one. fetch reads a distribution point that a certificate names,
// which is a stranger's address: bound it by time, size and network, as package
// internal/fetch does. nil fetches nothing.
func NewCRLs(fetch func(ctx context.Context, url string) ([]byte, error)) *CRLs {
	return &CRLs{fetch: fetch, kept: map[string]*x509.RevocationList{}}
}

// Add gives a list in DER. It takes the place of an older one of the same issuer. The
// error is [ErrRevocation] where the bytes are no list, or too many are kept.
func (c *CRLs) Add(der []byte) error {
	list, err := parseCRL(der)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, old := range c.given {
		if bytes.Equal(old.RawIssuer, list.RawIssuer) && bytes.Equal(old.AuthorityKeyId, list.AuthorityKeyId) {
			if list.ThisUpdate.After(old.ThisUpdate) {
				c.given[i] = list
			}
			return nil
		}
	}
	if len(c.given) >= maxCRLs {
		return fmt.Errorf("%w: above %d are given", ErrRevocation, maxCRLs)
	}
	c.given = append(c.given, list)
	return nil
}

// readable are the extensions of a list that change nothing of what it says: its number,
// the issuer's key, where a newer one is.
var readable = []asn1.ObjectIdentifier{{2, 5, 29, 20}, {2, 5, 29, 35}, {2, 5, 29, 46}, {1, 3, 6, 1, 5, 5, 7, 1, 1}}

// parseCRL is the one door for revocation lists.
func parseCRL(der []byte) (*x509.RevocationList, error) {
	if len(der) > limits.CRL {
		return nil, fmt.Errorf("%w: above %d bytes", ErrRevocation, limits.CRL)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be read", ErrRevocation)
	}
	for _, e := range list.Extensions {
		if e.Critical && !contains(readable, e.Id) {
			return nil, fmt.Errorf("%w: it says only a part", ErrRevocation)
		}
	}
	return list, nil
}

// check finds out whether a certificate is on its issuer's list. Errors: [ErrRevoked],
// [ErrRevocation], the context's own.
func (c *CRLs) check(ctx context.Context, certificate, issuer *x509.Certificate, now time.Time) error {
	if c == nil {
		return fmt.Errorf("%w: none is configured", ErrRevocation)
	}
	list, err := c.listOf(ctx, certificate, issuer, now)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool {
		return e.SerialNumber.Cmp(certificate.SerialNumber) == 0
	}) {
		return ErrRevoked
	}
	return nil
}

// listOf finds a current list that the issuer signed.
func (c *CRLs) listOf(ctx context.Context, certificate, issuer *x509.Certificate, now time.Time) (*x509.RevocationList, error) {
	c.mu.Lock()
	lists := slices.Clone(c.given)
	for _, address := range certificate.CRLDistributionPoints {
		if list := c.kept[address]; list != nil {
			lists = append(lists, list)
		}
	}
	c.mu.Unlock()
	for _, list := range lists {
		if current(list, issuer, now) == nil {
			return list, nil
		}
	}
	err := fmt.Errorf("%w: none is at hand", ErrRevocation)
	for _, address := range certificate.CRLDistributionPoints[:min(4, len(certificate.CRLDistributionPoints))] {
		var list *x509.RevocationList
		if list, err = c.fetched(ctx, address); err == nil {
			err = current(list, issuer, now)
		}
		if err == nil {
			c.keep(address, list)
			return list, nil
		}
	}
	return nil, err
}

func (c *CRLs) fetched(ctx context.Context, address string) (*x509.RevocationList, error) {
	if c.fetch == nil {
		return nil, fmt.Errorf("%w: nothing is fetched", ErrRevocation)
	}
	der, err := c.fetch(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRevocation, err)
	}
	return parseCRL(der)
}

func (c *CRLs) keep(address string, list *x509.RevocationList) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) >= maxCRLs {
		clear(c.kept)
	}
	c.kept[address] = list
}

// errOtherIssuer means a list that another authority signed.
var errOtherIssuer = errors.New("another signed it")

// current checks that a list is the issuer's, and of this time.
func current(list *x509.RevocationList, issuer *x509.Certificate, now time.Time) error {
	switch {
	case !bytes.Equal(list.RawIssuer, issuer.RawSubject) || list.CheckSignatureFrom(issuer) != nil:
		return fmt.Errorf("%w: %w", ErrRevocation, errOtherIssuer)
	case list.ThisUpdate.After(now.Add(time.Minute)):
		return fmt.Errorf("%w: it is from the future", ErrRevocation)
	case list.NextUpdate.IsZero() || !now.Before(list.NextUpdate):
		return fmt.Errorf("%w: it is out of date", ErrRevocation)
	}
	return nil
}
