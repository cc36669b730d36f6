package zkp_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"

	"github.com/hufu-id/hufu/zkp"
)

func TestCredentialCheck(t *testing.T) {
	c := newCredential(t)
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	again, err := zkp.ParseEndorsement(c.Endorsement.String())
	if err != nil {
		t.Fatal(err)
	}
	if again.Region != "010101" {
		t.Errorf("region %s", again.Region)
	}
	one := number(1)
	for name, change := range map[string]func(c *zkp.Credential){
		"attribute":       func(c *zkp.Credential) { c.Attributes[9] = one },
		"attribute moved": func(c *zkp.Credential) { c.Attributes[0], c.Attributes[1] = c.Attributes[1], c.Attributes[0] },
		"schema":          func(c *zkp.Credential) { c.Schema = one },
		"secret":          func(c *zkp.Credential) { c.Secret[30] ^= 1 },
		"issuance owner":  func(c *zkp.Credential) { c.Endorsement.Issuance.Owner += "2" },
		"issuance schema": func(c *zkp.Credential) { c.Endorsement.Issuance.ID += "2" },
		"random":          func(c *zkp.Credential) { c.Endorsement.Random[0] ^= 1 },
		"region":          func(c *zkp.Credential) { c.Endorsement.Region = "010102" },
		"not before":      func(c *zkp.Credential) { c.Endorsement.NotBefore++ },
		"not after":       func(c *zkp.Credential) { c.Endorsement.NotAfter++ },
		"issuer":          func(c *zkp.Credential) { c.Endorsement.Issuer = newKey(t, "another").ProofKey() },
		"S + order": func(c *zkp.Credential) {
			s := c.Endorsement.Signature.Scalar()
			c.Endorsement.Signature = *c.Endorsement.Signature.WithScalar(s.Add(s, &edwards.Order))
		},
		"S negative": func(c *zkp.Credential) {
			s := c.Endorsement.Signature.Scalar()
			c.Endorsement.Signature = *c.Endorsement.Signature.WithScalar(s.Sub(s, &edwards.Order))
		},
		"S": func(c *zkp.Credential) { c.Endorsement.Signature = *c.Endorsement.Signature.WithScalar(big.NewInt(7)) },
		"R at zero": func(c *zkp.Credential) {
			c.Endorsement.Signature = *c.Endorsement.Signature.WithPoint(zkp.Element{}, zkp.Element{})
		},
		"R plus a point of order two": func(c *zkp.Credential) {
			var r, two twistededwards.PointAffine
			r.X, r.Y = c.Endorsement.Signature.Point()
			two.Y.SetOne()
			two.Y.Neg(&two.Y)
			r.Add(&r, &two)
			c.Endorsement.Signature = *c.Endorsement.Signature.WithPoint(r.X, r.Y)
		},
	} {
		c := newCredential(t)
		change(c)
		if err := c.Check(); !errors.Is(err, zkp.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.Endorsement.Issuance.Kind = zkp.ScopeOnce
	if err := c.Check(); !errors.Is(err, zkp.ErrStatement) {
		t.Errorf("commitment in a scope that is none of issuance: %v", err)
	}
	if err := c.Endorsement.Verify(c.Schema, zkp.Element{}, &c.Attributes); !errors.Is(err, zkp.ErrStatement) {
		t.Errorf("endorsement in such a scope: %v", err)
	}
}

// TestParseEndorsementIsBounded: what is too long is refused before it is read.
func TestParseEndorsementIsBounded(t *testing.T) {
	long := strings.Repeat("A", 1<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := zkp.ParseEndorsement(long); !errors.Is(err, zkp.ErrForm) {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<16 {
		t.Errorf("%d bytes were allocated", took)
	}
}

// remote is a signer whose other end does not do what it should.
type remote struct {
	zkp.Signer
	err error
}

func (r remote) SignCredential(ctx context.Context, m zkp.Message) (*zkp.Signature, error) {
	if r.err != nil {
		return nil, r.err
	}
	return r.Signer.SignCredential(ctx, zkp.Message{Schema: number(1)})
}

func TestIssueEndorsementRefuses(t *testing.T) {
	key := newKey(t, "issuer")
	good := zkp.EndorsementSpec{Region: "110101", NotBefore: 1, NotAfter: 1, Issuance: zkp.IssuanceScope("did:hufu:office", "cn.resident")}
	with := func(change func(*zkp.EndorsementSpec)) zkp.EndorsementSpec { s := good; change(&s); return s }
	broken := errors.New("no such device")
	for name, tc := range map[string]struct {
		signer zkp.Signer
		spec   zkp.EndorsementSpec
		err    error
	}{
		"ends before it begins":   {key, with(func(s *zkp.EndorsementSpec) { s.NotAfter = 0 }), zkp.ErrValue},
		"validity of 2^16 days":   {key, with(func(s *zkp.EndorsementSpec) { s.NotAfter = 1<<16 + 1 }), zkp.ErrValue},
		"ends after 20 bits":      {key, with(func(s *zkp.EndorsementSpec) { s.NotBefore, s.NotAfter = 1<<20-1, 1<<20 }), zkp.ErrValue},
		"no scope":                {key, with(func(s *zkp.EndorsementSpec) { s.Issuance = zkp.Scope{} }), zkp.ErrStatement},
		"scope of another kind":   {key, with(func(s *zkp.EndorsementSpec) { s.Issuance.Kind = zkp.ScopeOnce }), zkp.ErrStatement},
		"scope without owner":     {key, with(func(s *zkp.EndorsementSpec) { s.Issuance.Owner = "" }), zkp.ErrStatement},
		"scope too long":          {key, with(func(s *zkp.EndorsementSpec) { s.Issuance.Owner = strings.Repeat("x", 513) }), zkp.ErrValue},
		"scope of too long an id": {key, with(func(s *zkp.EndorsementSpec) { s.Issuance.ID = strings.Repeat("x", 513) }), zkp.ErrValue},
		"region of five":          {key, with(func(s *zkp.EndorsementSpec) { s.Region = "11010" }), zkp.ErrValue},
		"region of seven":         {key, with(func(s *zkp.EndorsementSpec) { s.Region = "0110101" }), zkp.ErrValue},
		"region with a sign":      {key, with(func(s *zkp.EndorsementSpec) { s.Region = "+11010" }), zkp.ErrValue},
		"region with a letter":    {key, with(func(s *zkp.EndorsementSpec) { s.Region = "11010x" }), zkp.ErrValue},
		"region underscored":      {key, with(func(s *zkp.EndorsementSpec) { s.Region = "11_101" }), zkp.ErrValue},
		"signature of other data": {remote{Signer: key}, good, zkp.ErrSignature},
		"signer out of order":     {remote{Signer: key, err: broken}, good, broken},
	} {
		if _, err := zkp.IssueEndorsement(context.Background(), tc.signer, tc.spec, nil); !errors.Is(err, tc.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := zkp.IssueEndorsement(context.Background(), key, good, iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("no random bytes: %v", err)
	}
	if _, err := zkp.IssueEndorsement(context.Background(), key, good, strings.NewReader("short")); err == nil {
		t.Error("five random bytes are enough")
	}
}

func TestRandomnessRefused(t *testing.T) {
	broken := errors.New("empty pool")
	if _, err := zkp.GenerateSecret(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := zkp.NewBlinding(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := zkp.GenerateKey(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestKeys(t *testing.T) {
	k, err := zkp.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := zkp.NewPrivateKey(k.Seed())
	if err != nil || !again.ProofKey().Equal(k.ProofKey()) {
		t.Errorf("a key from its seed: %v", err)
	}
	parsed, err := zkp.ParsePublicKey(k.ProofKey().Bytes())
	if err != nil || !parsed.Equal(k.ProofKey()) {
		t.Errorf("a key from its bytes: %v", err)
	}
	// A repeated message is signed with another nonce.
	a, err := k.SignCredential(context.Background(), zkp.Message{Schema: number(1)})
	if err != nil {
		t.Fatal(err)
	}
	b, err := k.SignCredential(context.Background(), zkp.Message{Schema: number(1)})
	if err != nil {
		t.Fatal(err)
	}
	ax, _ := a.Point()
	bx, _ := b.Point()
	if ax == bx {
		t.Error("one nonce for two signatures")
	}
	if err := k.ProofKey().VerifySignature(zkp.Message{Schema: number(2)}, a); !errors.Is(err, zkp.ErrSignature) {
		t.Errorf("another message: %v", err)
	}
}

func TestScopes(t *testing.T) {
	seen := map[zkp.Element]zkp.Scope{}
	for _, s := range []zkp.Scope{
		{},
		{Kind: zkp.ScopeOnce, Owner: "a", ID: "b"}, {Kind: zkp.ScopeOnce, Owner: "ab", ID: "c"}, {Kind: zkp.ScopeOnce, Owner: "a", ID: "bc"},
		{Kind: zkp.ScopePairwise, Owner: "a", ID: "b"}, {Kind: zkp.ScopePairwise, Owner: "a"},
		{Kind: zkp.ScopeIssuance, Owner: "a", ID: "b"},
	} {
		e, err := s.Derive(number(1))
		if err != nil {
			t.Errorf("%+v: %v", s, err)
		}
		if before, ok := seen[e]; ok {
			t.Errorf("%+v and %+v are one", s, before)
		}
		seen[e] = s
		other, err := s.Derive(number(2))
		if err != nil || (other != e) != (s.Kind == zkp.ScopeFresh) {
			t.Errorf("%+v: with another context %v", s, err)
		}
	}
	for name, s := range map[string]zkp.Scope{
		"fresh with an owner": {Owner: "a"}, "fresh with an event": {ID: "a"}, "fresh by name": {Kind: "fresh"},
		"once without an owner": {Kind: zkp.ScopeOnce, ID: "b"}, "once without an event": {Kind: zkp.ScopeOnce, Owner: "a"},
		"pairwise with nobody": {Kind: zkp.ScopePairwise}, "issuance without a schema": {Kind: zkp.ScopeIssuance, Owner: "a"},
		"unknown": {Kind: "twice", Owner: "a", ID: "b"},
	} {
		if _, err := s.Derive(number(1)); !errors.Is(err, zkp.ErrStatement) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := new(zkp.Secret).HolderCommitment(s); !errors.Is(err, zkp.ErrStatement) {
			t.Errorf("%s, for a commitment: %v", name, err)
		}
	}
	if _, err := (zkp.Scope{}).Element(); !errors.Is(err, zkp.ErrStatement) {
		t.Errorf("a fresh scope without a request: %v", err)
	}
	if _, err := newSecret("x").HolderCommitment(zkp.Scope{Kind: zkp.ScopePairwise, Owner: "a"}); !errors.Is(err, zkp.ErrStatement) {
		t.Errorf("a holder commitment in a pairwise scope: %v", err)
	}
}

// silentSigner answers nothing, as a broken wire would.
type silentSigner struct{ key *zkp.PrivateKey }

func (s silentSigner) ProofKey() zkp.PublicKey { return s.key.ProofKey() }

func (silentSigner) SignCredential(context.Context, zkp.Message) (*zkp.Signature, error) {
	return nil, nil
}

func TestIssueEndorsementRefusesASilentSigner(t *testing.T) {
	key, err := zkp.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	endorsement, err := zkp.IssueEndorsement(context.Background(), silentSigner{key}, zkp.EndorsementSpec{Region: "110101", Issuance: zkp.IssuanceScope("did:hufu:office", "cn.resident")}, nil)
	if !errors.Is(err, zkp.ErrSignature) || endorsement != nil {
		t.Errorf("got %v, %v; want ErrSignature and no endorsement", endorsement, err)
	}
}

func TestSignatureRoundTripAndRefusals(t *testing.T) {
	key, err := zkp.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := key.SignCredential(context.Background(), zkp.Message{Holder: zkp.HashToField("message")})
	if err != nil {
		t.Fatal(err)
	}
	again, err := zkp.ParseSignature(sig.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := key.ProofKey().VerifySignature(zkp.Message{Holder: zkp.HashToField("message")}, again); err != nil {
		t.Error(err)
	}
	high := sig.Bytes()
	for i := 32; i < 64; i++ {
		high[i] = 0xff
	}
	for name, b := range map[string][]byte{"short": sig.Bytes()[:63], "long": append(sig.Bytes(), 0), "scalar above the order": high} {
		if _, err := zkp.ParseSignature(b); !errors.Is(err, zkp.ErrForm) {
			t.Errorf("%s: %v, want ErrForm", name, err)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	secret := zkp.Secret{1, 2, 3}
	key, err := zkp.NewPrivateKey([32]byte{4, 5, 6})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%d", "%s"} {
		if got := fmt.Sprintf(verb, secret); got != "zkp.Secret" {
			t.Errorf("%s prints %q", verb, got)
		}
		if got := fmt.Sprintf(verb, key); got != "zkp.PrivateKey" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}
