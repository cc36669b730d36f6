package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// Slots of the measured credential. All sixteen are filled, for the peers pay
// for each attribute and we do not.
const (
	slotBirth    = 1
	slotDistrict = 2
)

// hufu is one holder, one counter and one epoch, ready to prove one statement.
type hufu struct {
	prover     *prover.Prover
	keys       *zkp.Keys
	credential *zkp.Credential
	witness    *zkp.PrepareWitness
	epoch      zkp.Epoch
	request    *zkp.Request

	prepared     *zkp.Prepared
	presentation []byte
}

// born and today are the birth date and the epoch's day, here and at the peer
// that proves an age.
const (
	born  = "1990-05-17"
	today = "2026-11-21"
)

// newHufu puts a credential on a registry and into an epoch, and asks of it.
func newHufu(p *prover.Prover, keys *zkp.Keys, ask func(zkp.Epoch) (zkp.Predicate, error)) (*hufu, error) {
	h := &hufu{prover: p, keys: keys}
	if err := h.issue(); err != nil {
		return nil, err
	}
	predicate, err := ask(h.epoch)
	if err != nil {
		return nil, err
	}
	statement, err := zkp.All(predicate)
	if err != nil {
		return nil, err
	}
	h.request = &zkp.Request{
		Nonce: "n-0S6_WzA2Mj", Audience: "did:hufu:counter", Query: sha256.Sum256([]byte("query")),
		Expiry:    time.Unix(1_795_000_000, 0),
		Questions: []zkp.Question{{Schema: h.credential.Schema, Statements: []zkp.Statement{statement}}},
	}
	return h, nil
}

// ofAge asks for eighteen years on the epoch's day.
func ofAge(e zkp.Epoch) (zkp.Predicate, error) {
	return zkp.AtLeastYears(slotBirth, 18, e.Day), nil
}

// fromDistrict asks for one value, which discloses it.
func fromDistrict(zkp.Epoch) (zkp.Predicate, error) {
	value, err := zkp.EncodeString("110101")
	return zkp.Equal(slotDistrict, value), err
}

func (h *hufu) issue() error {
	day, err := zkp.ParseDay(today)
	if err != nil {
		return err
	}
	from, until := day-100, day+1000
	agency, err := zkp.GenerateKey(nil)
	if err != nil {
		return err
	}
	if h.credential, err = newCredential(agency, from, until); err != nil {
		return err
	}
	leaf := zkp.RegistryEntry{
		Key: agency.ProofKey(), Schema: h.credential.Schema, Region: "110101", From: from, Until: until,
	}.Leaf()
	registry, err := zkp.NewRegistry([][32]byte{leaf.Bytes()})
	if err != nil {
		return err
	}
	revocation, err := zkp.NewRevocation(nil)
	if err != nil {
		return err
	}
	h.epoch = zkp.Epoch{Number: 1, Day: day, Registry: registry.Root(), Revocation: revocation.Root()}
	h.witness, err = zkp.NewPrepareWitness(h.credential, h.epoch, from, until, registry, revocation, nil)
	return err
}

func newCredential(agency *zkp.PrivateKey, from, until zkp.Day) (*zkp.Credential, error) {
	attributes, err := attributes()
	if err != nil {
		return nil, err
	}
	secret, err := zkp.GenerateSecret(nil)
	if err != nil {
		return nil, err
	}
	c := &zkp.Credential{
		Schema: zkp.SchemaElement("cn.resident", 1), Attributes: *attributes, Secret: secret,
	}
	scope := zkp.IssuanceScope("did:hufu:agency", "cn.resident")
	holder, err := secret.HolderCommitment(scope)
	if err != nil {
		return nil, err
	}
	c.Endorsement, err = zkp.IssueEndorsement(context.Background(), agency, zkp.EndorsementSpec{
		Schema: c.Schema, Region: "110101", Holder: holder, Issuance: scope,
		NotBefore: from, NotAfter: until, Attributes: c.Attributes,
	}, nil)
	return c, err
}

func attributes() (*zkp.Attributes, error) {
	a := new(zkp.Attributes)
	for i := range a {
		e, err := zkp.EncodeString(fmt.Sprintf("attribute %d", i))
		if err != nil {
			return nil, err
		}
		a[i] = e
	}
	birth, err := zkp.ParseDay(born)
	if err != nil {
		return nil, err
	}
	a[slotBirth] = zkp.EncodeDate(birth)
	a[slotDistrict], err = zkp.EncodeString("110101")
	return a, err
}

// prepare makes the proof that a wallet makes in the background.
func (h *hufu) prepare() (err error) {
	h.prepared, err = h.prover.Prepare(context.Background(), h.witness)
	return err
}

// show answers the request with the prepared proof. A wallet would use a
// prepared proof once only; its age changes nothing in the time this takes.
func (h *hufu) show() error {
	answer, err := zkp.NewAnswer(h.request, h.epoch, zkp.Holding{Credential: h.credential, Prepared: h.prepared})
	if err != nil {
		return err
	}
	made, err := h.prover.Show(context.Background(), answer)
	if err != nil {
		return err
	}
	if len(made) != 1 {
		return errors.New("not one presentation")
	}
	h.presentation = made[0].Bytes()
	return nil
}

// prepareAndShow is an answer with nothing prepared.
func (h *hufu) prepareAndShow() error {
	if err := h.prepare(); err != nil {
		return err
	}
	return h.show()
}

// verify is the counter's part, from the bytes.
func (h *hufu) verify() error { return h.verifyAs(h.request, h.presentation) }

func (h *hufu) verifyAs(request *zkp.Request, b []byte) error {
	p, err := zkp.ParsePresentation(b)
	if err != nil {
		return err
	}
	_, err = zkp.Verify(h.keys, h.epoch, request, p)
	return err
}

// openKeys makes the single-party keys of this version, or finds them in the
// user's cache.
func openKeys(ctx context.Context, cache string) (*prover.Prover, *zkp.Keys, error) {
	p, err := prover.DevelopmentKeys(ctx, cache, nil)
	if err != nil {
		return nil, nil, err
	}
	var parsed []*zkp.VerifyingKey
	for _, c := range prover.Circuits() {
		b, pin, err := p.VerifyingKey(c)
		if err != nil {
			return nil, nil, err
		}
		k, err := zkp.ParseVerifyingKey(b, pin, zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})
		if err != nil {
			return nil, nil, err
		}
		parsed = append(parsed, k)
	}
	keys, err := zkp.NewKeys(parsed...)
	return p, keys, err
}
