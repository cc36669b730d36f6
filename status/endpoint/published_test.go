package endpoint_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/status/endpoint"
)

// TestPublished: what a desk publishes is served in both forms, which say the same, and
// nothing that another key signed is signed over.
func TestPublished(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	none(t, err)
	list, err := status.New(1, 8)
	none(t, err)
	none(t, list.Set(2, status.Invalid))
	store, now := new(publish.Memory), time.Now().Truncate(time.Second)
	put := func(signer *ecdsa.PrivateKey, uri string) {
		token, err := status.Sign(t.Context(), signer, did.Header{Kid: "k"}, status.Claims{Subject: uri, IssuedAt: now, Expires: now.Add(time.Hour), TTL: time.Minute}, list)
		none(t, err)
		none(t, store.Publish(t.Context(), uri, []byte(token)))
	}
	put(key, base+"1")
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	none(t, err)
	put(other, base+"2")
	p := &endpoint.Published{Source: store, Lists: []string{base + "1", base + "2", base + "3"}, Key: key, Header: did.Header{Kid: "k"}}
	b, err := p.Token(t.Context(), base+"1", endpoint.JWT)
	none(t, err)
	jwt, err := status.Parse(b, status.ParseOptions{})
	none(t, err)
	b, err = p.Token(t.Context(), base+"1", endpoint.CWT)
	none(t, err)
	cwt, err := status.ParseCWT(b, status.ParseOptions{})
	none(t, err)
	one, err := jwt.Verify(key.Public(), base+"1", status.VerifyOptions{})
	none(t, err)
	two, err := cwt.Verify(key.Public(), base+"1", status.VerifyOptions{})
	none(t, err)
	if one.List.Root() != two.List.Root() || !one.IssuedAt.Equal(two.IssuedAt) || !one.Expires.Equal(two.Expires) || one.TTL != two.TTL {
		t.Errorf("%+v, %+v", one, two)
	}
	again, err := p.Token(t.Context(), base+"1", endpoint.CWT)
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("signed again for nothing: %v", err)
	}
	none(t, list.Set(5, status.Invalid))
	put(key, base+"1")
	b, err = p.Token(t.Context(), base+"1", endpoint.CWT)
	none(t, err)
	cwt, err = status.ParseCWT(b, status.ParseOptions{})
	none(t, err)
	two, err = cwt.Verify(key.Public(), base+"1", status.VerifyOptions{})
	none(t, err)
	if !errors.Is(two.Check(5), status.ErrRevoked) {
		t.Error("the change is not served")
	}
	every := &endpoint.Published{Source: store}
	if _, err := every.Token(t.Context(), base+"2", endpoint.JWT); err != nil {
		t.Errorf("not served without names: %v", err)
	}
	if uris, err := every.URIs(t.Context()); err != nil || uris != nil {
		t.Errorf("%q, %v", uris, err)
	}
	if _, err := p.Token(t.Context(), base+"2", endpoint.CWT); !errors.Is(err, status.ErrSignature) {
		t.Errorf("another's list: %v", err)
	}
	p.Key = nil
	for uri, form := range map[string]endpoint.Form{base + "1": endpoint.CWT, base + "3": endpoint.JWT, base + "4": endpoint.JWT} {
		if _, err := p.Token(t.Context(), uri, form); !errors.Is(err, endpoint.ErrNoList) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if uris, err := p.URIs(context.Background()); err != nil || len(uris) != 3 {
		t.Errorf("%q, %v", uris, err)
	}
}
