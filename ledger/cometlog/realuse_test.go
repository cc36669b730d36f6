package cometlog_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/internal/testkeys"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// What the voters' credential is.
const (
	voterType   = "urn:hufu:resident"
	voterSchema = "cn.resident"
	voterRegion = "110101"
	slotAdult   = 0
)

// poll is a consortium with zero-knowledge proofs that are no stand-ins: an office
// that issues credentials and counts votes, and one voter.
type poll struct {
	*consortium
	prover *prover.Prover

	office string
	key    crypto.Signer
	issuer *zkp.PrivateKey

	voter    *zkp.Credential
	prepared *zkp.Prepared
	epoch    zkp.Epoch
}

// newPoll has two nodes, each of which must sign.
func newPoll(t *testing.T) *poll {
	t.Helper()
	cache, err := testkeys.Cache()
	if err != nil {
		t.Fatal(err)
	}
	p := &poll{key: newKey(t)}
	if p.prover, err = prover.DevelopmentKeys(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	if p.issuer, err = zkp.GenerateKey(nil); err != nil {
		t.Fatal(err)
	}
	zk := &zkp.Accumulator{AllowSinglePartySetupUnsafe: true}
	p.consortium = newConsortiumOf(t, 2, zk, cometlog.TestnetOptions{EpochLength: epochLength, Heartbeat: time.Second})
	p.found()
	p.closeEpoch()
	p.enrol()
	return p
}

// found puts the office, its schema, its rule and the verifying keys on the ledger.
func (p *poll) found() {
	p.Helper()
	public, err := ledger.DefaultSuites().MarshalKey(p.key.Public())
	if err != nil {
		p.Fatal(err)
	}
	create := p.sign(&ledger.DID{Keys: []ledger.PublicKey{
		{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: public},
		{ID: "zk-1", Purpose: ledger.PurposeProof, Public: p.issuer.ProofKey().Bytes()},
	}}, p.key, p.root)
	if p.office, err = ledger.DIDOf(create.Operation); err != nil {
		p.Fatal(err)
	}
	p.submit(0, create, p.sign(&ledger.Accreditation{
		Agency: p.office, Action: ledger.ActionIssue, Region: voterRegion, Type: voterType, Accreditor: p.rootDID(), State: ledger.StateActive,
		Subject: ledgertest.SubjectOf(p.office),
	}, p.root))
	p.submit(0,
		p.sign(&ledger.Schema{ID: voterSchema, Version: 1, VCT: voterType, Hash: numbered(1), Owner: p.office, Attributes: [ledger.AttributeSlots]string{"adult"}}, p.key),
		p.sign(&ledger.Rule{ID: "count", Version: 1, Hash: numbered(2), Owner: p.office, MaxAge: 3600, Question: p.question()}, p.key),
	)
	for _, c := range []zkp.Circuit{zkp.CircuitPrepare, zkp.CircuitShow} {
		file, _, err := p.prover.VerifyingKey(c)
		if err != nil {
			p.Fatal(err)
		}
		p.submit(0, p.sign(&ledger.KeyFile{File: file, Agency: p.office}, p.key), p.sign(&ledger.VK{
			Circuit: string(c), KeyHash: sha256.Sum256(file), Setup: ledger.SetupSingleParty, State: ledger.VKActive,
		}, p.root))
	}
}

// question is what the voters answer: that they are of age.
func (p *poll) question() ledger.Question {
	s := p.statement()
	return ledger.Question{Schema: voterSchema, Version: 1, Statement: s.Digest()}
}

func (p *poll) statement() zkp.Statement {
	p.Helper()
	s, err := zkp.All(zkp.Equal(slotAdult, zkp.EncodeBool(true)))
	if err != nil {
		p.Fatal(err)
	}
	return s
}

// enrol issues the voter's credential and prepares a proof in the newest epoch.
func (p *poll) enrol() {
	p.Helper()
	n := p.view(0).Head.State.Epoch
	e, err := p.view(0, ledger.EpochKey(n)).Epoch(n)
	if err != nil {
		p.Fatal(err)
	}
	leaves, err := p.nodes[0].Registry(context.Background(), n)
	if err != nil {
		p.Fatal(err)
	}
	registry, err := zkp.NewRegistry(leaves)
	if err != nil {
		p.Fatal(err)
	}
	revocation, err := zkp.NewRevocation(nil)
	if err != nil {
		p.Fatal(err)
	}
	p.epoch = zkp.Epoch{Number: n, Day: zkp.Day(e.Day), Registry: registry.Root(), Revocation: revocation.Root()}
	if p.epoch.Registry.Bytes() != e.RegistryRoot || p.epoch.Revocation.Bytes() != e.RevocationRoot {
		p.Fatal("the roots of the epoch are others")
	}
	p.issue()
	key := ledger.PublicKey{}
	from, until, _ := key.Days()
	w, err := zkp.NewPrepareWitness(p.voter, p.epoch, zkp.Day(from), zkp.Day(until), registry, revocation, nil)
	if err == nil {
		p.prepared, err = p.prover.Prepare(context.Background(), w)
	}
	if err != nil {
		p.Fatal(err)
	}
}

func (p *poll) issue() {
	p.Helper()
	secret, err := zkp.GenerateSecret(nil)
	if err != nil {
		p.Fatal(err)
	}
	c := &zkp.Credential{
		Schema: zkp.SchemaElement(voterSchema, 1), Secret: secret,
	}
	scope := zkp.IssuanceScope(p.office, voterType)
	c.Attributes[slotAdult] = zkp.EncodeBool(true)
	c.Attributes[zkp.BindingSlot] = zkp.EncodeDate(p.epoch.Day)
	holder, err := secret.HolderCommitment(scope)
	if err != nil {
		p.Fatal(err)
	}
	c.Endorsement, err = zkp.IssueEndorsement(context.Background(), p.issuer, zkp.EndorsementSpec{
		Schema: c.Schema, Region: voterRegion, Holder: holder, Issuance: scope,
		NotBefore: p.epoch.Day, NotAfter: p.epoch.Day + 1000, Attributes: c.Attributes,
	}, nil)
	if err != nil {
		p.Fatal(err)
	}
	p.voter = c
}

// vote proves that the voter may vote, and is signed by the office that counts.
func (p *poll) vote(event string, payload byte) *ledger.SignedOperation {
	p.Helper()
	statement := p.statement()
	ballot := sha256.Sum256([]byte{payload})
	u := &zkp.Use{
		Salt: [16]byte{payload}, Audience: "decentralized_identifier:" + p.office, Query: numbered(3),
		Expiry: time.Now().Add(time.Hour).Truncate(time.Second), SchemaID: voterSchema, SchemaVersion: 1, Statement: statement,
	}
	req := &zkp.Request{
		Nonce: zkp.UseNonce(ballot, u.Salt), Audience: u.Audience, Query: u.Query, Expiry: u.Expiry,
		Scope:     zkp.Scope{Kind: zkp.ScopeCounted, Owner: p.office, ID: event},
		Questions: []zkp.Question{{Schema: p.voter.Schema, Statements: []zkp.Statement{statement}}},
	}
	answer, err := zkp.NewAnswer(req, p.epoch, zkp.Holding{Credential: p.voter, Prepared: p.prepared})
	if err != nil {
		p.Fatal(err)
	}
	shown, err := p.prover.Show(context.Background(), answer)
	if err != nil {
		p.Fatal(err)
	}
	u.Presentation = shown[0]
	scope, err := req.Scope.Element()
	if err != nil {
		p.Fatal(err)
	}
	return p.sign(&ledger.Use{
		Nullifier: zkp.Nullifier(scope, p.voter.Secret.Pseudonym(scope)), Owner: p.office, Rule: "count", Version: 1, Event: event,
		Epoch: p.epoch.Number, Payload: ballot, Proof: u.Bytes(),
	}, p.key)
}

// TestRealUses: of two real answers of one voter, handed in at two nodes at once,
// exactly one counts at both, with -long a thousand times.
func TestRealUses(t *testing.T) {
	long.NotShort(t, "proves in zero knowledge")
	p := newPoll(t)
	for round := range long.Or(3, 1000) {
		p.race(fmt.Sprint("poll-", round))
	}
	forged := p.vote("another", 1)
	use, err := ledger.ParseUse(forged.Operation.Body)
	if err != nil {
		t.Fatal(err)
	}
	use.Event = "yet-another" // not what was proved
	_, err = p.nodes[1].Submit(t.Context(), p.sign(use, p.key))
	if !errors.Is(err, ledger.ErrProof) {
		t.Errorf("a proof for another event: %v", err)
	}
}

func (p *poll) race(event string) {
	p.Helper()
	votes := []*ledger.SignedOperation{p.vote(event, 1), p.vote(event, 2)}
	errs := make([]error, len(votes))
	var handedIn sync.WaitGroup
	for i := range votes {
		handedIn.Go(func() { _, errs[i] = p.nodes[i].Submit(context.Background(), votes[i]) })
	}
	handedIn.Wait()
	winner := 0
	if errs[0] != nil {
		winner = 1
	}
	if errs[winner] != nil || !errors.Is(errs[1-winner], ledger.ErrUsed) {
		p.Fatalf("%s: %v", event, errs)
	}
	use, err := ledger.ParseUse(votes[winner].Operation.Body)
	if err != nil {
		p.Fatal(err)
	}
	for i := range p.nodes {
		counted := func() bool {
			seen, err := p.view(i, use.Key()).Use(use.Nullifier)
			return err == nil && seen.Payload == use.Payload
		}
		if !eventually(counted) {
			p.Fatalf("%s is not counted at node %d", event, i)
		}
	}
}
