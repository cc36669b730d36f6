package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"path/filepath"
	"time"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/qrimage"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp/prover/anchored"
)

func (s *scene) openLedgerScene(ctx context.Context) error {
	var err error
	if s.keys, err = s.developmentKeys(ctx); err != nil {
		return err
	}
	if s.stage != nil {
		return s.joinScene(ctx)
	}
	root, err := folder.NewAgency(ctx, s.path("root"), demoAgencies["root"], []byte(demoPassphrase), nil, s.folders())
	if err != nil {
		return err
	}
	s.opened = append(s.opened, root)
	if s.own, err = root.FoundLedger(ctx, s.ledger, logOrigin, sqlitelog.InitOptions{}); err != nil {
		return err
	}
	s.opened = append(s.opened, s.own)
	if err := root.Join(ctx, s.own); err != nil {
		return err
	}
	s.log, s.root = s.own, root.Agency
	print := s.log.Trust().Fingerprint()
	s.step("ledger", "Fingerprint", hex.EncodeToString(print[:8]), "Epoch", s.log.Trust().EpochLength.String())
	return anchored.PublishDevelopment(ctx, s.root, s.public(), s.keys)
}

func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

// accreditScene: the residents' office may issue, the library may ask.
func (s *scene) accreditScene(ctx context.Context) error {
	schema, err := s.public().PublishSchema(ctx, sample("resident.schema.json"))
	if err == nil {
		err = s.root.PublishSchema(ctx, schema)
	}
	if err != nil {
		return err
	}
	if s.office, err = folder.NewAgency(ctx, s.path("office"), demoAgencies["office"], []byte(demoPassphrase), s.log, s.folders()); err != nil {
		return err
	}
	s.opened = append(s.opened, s.office)
	if err := s.enter(ctx, "office", s.office); err != nil {
		return err
	}
	if s.library, err = s.newCounter(ctx, "library"); err != nil {
		return err
	}
	if s.other, err = s.newCounter(ctx, "gym"); err != nil {
		return err
	}
	for _, grant := range []hufuagency.Grant{
		{To: s.office.DID(), Action: ledger.ActionIssue, Subject: demoAgencies["office"]},
		{To: s.library.Agency.DID(), Action: ledger.ActionVerify, Subject: demoAgencies["library"]},
		{To: s.other.Agency.DID(), Action: ledger.ActionVerify, Subject: demoAgencies["gym"]},
	} {
		grant.Type, grant.Region, grant.Until = demoType, demoRegion, s.clock().AddDate(0, 0, 365)
		if s.stage != nil {
			if err := s.retire(ctx, grant); err != nil {
				return err
			}
		}
		if err := s.root.Accredit(ctx, grant); err != nil {
			return err
		}
	}
	s.desk, err = s.office.Desk(ctx, s.ledger, issuer.Config{Types: []issuer.Type{{Schema: schema, Region: demoRegion}}})
	if err != nil {
		return err
	}
	s.step("accredit", "Root", s.nameOf(demoAgencies["root"], ""), "Office", s.nameOf(demoAgencies["office"], ""),
		"Library", s.nameOf(demoAgencies["library"], ""), "Region", demoRegion)
	return nil
}

// retire ends what an earlier run on the same ledger was granted: it bears the names.
func (s *scene) retire(ctx context.Context, grant hufuagency.Grant) error {
	var err error
	if grant.To, err = s.root.Bearer(ctx, grant.Subject.Code); errors.Is(err, ledger.ErrAbsent) {
		return nil
	}
	if err == nil {
		err = s.root.Revoke(ctx, grant)
	}
	if errors.Is(err, hufuagency.ErrNoGrant) {
		return nil
	}
	return err
}

func (s *scene) newCounter(ctx context.Context, name string) (*folder.Counter, error) {
	h, err := s.home(ctx, name)
	if err != nil {
		return nil, err
	}
	c, err := h.NewCounter(ctx, demoAgencies[name], []byte(demoPassphrase))
	if err != nil {
		return nil, err
	}
	s.opened = append(s.opened, c)
	if err := s.enter(ctx, name, c.Agency); err != nil {
		return nil, err
	}
	return c, c.KeepPolicy(sample(defaultPolicy))
}

// enter takes the application of a newcomer to the root agency, and opens the newcomer.
func (s *scene) enter(ctx context.Context, name string, newcomer *folder.Agency) error {
	if err := s.admit(ctx, s.root, s.path(name)); err != nil {
		return err
	}
	return newcomer.Join(ctx, s.log)
}

func (s *scene) importScene(ctx context.Context, table []byte) error {
	offers, refused, err := s.desk.Import(ctx, bytes.NewReader(table), issuer.ImportOptions{})
	if err != nil {
		return err
	}
	if len(offers) == 0 {
		return errNoRows
	}
	s.offers = offers
	s.heading("import", "Accepted", len(offers), "Refused", len(refused))
	if s.json {
		s.reportRows(len(offers), refused, "")
	} else {
		s.sayRows(refused)
	}
	s.why("import")
	return s.desk.Publish(ctx)
}

// home makes the folder of a wallet or a counter.
func (s *scene) home(ctx context.Context, name string) (*folder.Home, error) {
	return folder.NewHome(ctx, s.path(name), filepath.Join(s.ledger, trustName), s.log.Trust(), s.folders())
}

// hold gives the stage to a new wallet, which applies for a credential and gets it.
func (s *scene) hold(ctx context.Context, name string, offer []byte) (application, response []byte, stored *wallet.Stored, err error) {
	h, err := s.home(ctx, name)
	if err == nil {
		s.citizen, err = h.NewWallet(ctx, []byte(demoPassphrase), s.keys)
	}
	if err == nil {
		stored, err = s.citizen.TakeUp(ctx, offer, wallet.ApplyOptions{}, func(ctx context.Context, b []byte) ([]byte, error) {
			application = b
			response, err = s.desk.Answer(ctx, b)
			return response, err
		})
	}
	return application, response, stored, err
}

// receiveScene: apply, issue, check, store.
func (s *scene) receiveScene(ctx context.Context) error {
	application, response, stored, err := s.hold(ctx, "wallet", s.offers[0].Offer)
	if err != nil {
		return err
	}
	s.step("receive", "Bytes", len(response), "Claims", len(stored.Fields()))
	s.sayStored(stored)
	for name, b := range map[string][]byte{"offer.json": s.offers[0].Offer, "application.json": application, "response.json": response} {
		if err := s.keepMessage(name, b); err != nil {
			return err
		}
	}
	if err := s.nextEpoch(ctx); err != nil {
		return err
	}
	started := time.Now()
	if _, err := s.citizen.Prepare(ctx, 2); err != nil {
		return err
	}
	id := "epoch"
	if s.stage != nil {
		id = "epoch-live"
	}
	s.step(id, "Milliseconds", time.Since(started).Milliseconds()/2)
	return nil
}

// ask lets a counter make a request after the sample policy.
func (s *scene) ask(ctx context.Context, c *folder.Counter, cfg verifier.Config) (*verifier.Verifier, []byte, error) {
	cfg.AllowSinglePartySetupUnsafe = true
	v, err := c.Verifier(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	request, err := v.NewRequest(ctx, verifier.RequestOptions{})
	if err != nil {
		return nil, nil, err
	}
	return v, request.Object, nil
}

// present answers a request in one way.
func (s *scene) present(ctx context.Context, request []byte, with string) (*wallet.Presented, error) {
	ask, choice, err := s.consider(ctx, request, with)
	if err != nil {
		return nil, err
	}
	return s.citizen.Present(ctx, ask, wallet.Consent{Choice: choice})
}

// consider reads a request and picks one way to answer it.
func (s *scene) consider(ctx context.Context, request []byte, with string) (*wallet.Request, int, error) {
	ask, err := s.citizen.ResolveRequest(ctx, request)
	if err != nil {
		return nil, 0, err
	}
	choice, err := choiceBy(ask, with)
	return ask, choice, err
}

func (s *scene) claimsScene(ctx context.Context) error { return s.answerScene(ctx, "claims") }

func (s *scene) proofScene(ctx context.Context) error { return s.answerScene(ctx, "proof") }

// answerScene asks, presents, verifies, and prints the counter's screen.
func (s *scene) answerScene(ctx context.Context, how string) error {
	v, request, err := s.ask(ctx, s.library, verifier.Config{})
	if err != nil {
		return err
	}
	ask, choice, err := s.consider(ctx, request, how)
	if err != nil {
		return err
	}
	if how == "claims" {
		s.step("ask", "Library", s.nameOf(demoAgencies["library"], ""))
	} else if err := s.keepMessage("request.jwt", request); err != nil {
		return err
	} else {
		s.say("demo.ask-proof")
	}
	s.sayAsk(ask, choice)
	started := time.Now()
	presented, err := s.citizen.Present(ctx, ask, wallet.Consent{Choice: choice})
	if err != nil {
		return err
	}
	took := time.Since(started)
	result, err := v.Verify(ctx, presented.Response)
	if err != nil {
		return err
	}
	s.step(how, "Milliseconds", took.Milliseconds())
	s.sayResult(result)
	if how == "proof" {
		text := openid.QRText(openid.QRProofPresentation, proofBytes(presented.Response))
		code, err := qrimage.Encode(text)
		if err != nil {
			return err
		}
		s.say("demo.qr", "Characters", len(text), "Version", code.Version())
		if err := s.keepMessage("answer-proof.png", code.PNG(qrimage.ModulePixels)); err != nil {
			return err
		}
	}
	return s.keepMessage("answer-"+how+".json", presented.Response)
}

var errAccepted = errors.New("an attack was accepted")
