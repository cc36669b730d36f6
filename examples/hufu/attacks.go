package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// open takes an answer of ours apart: its only presentation, and of which query.
func open(response []byte) (r *openid.Response, query, text string) {
	r, err := openid.ParseResponse(response)
	if err == nil {
		query, text, err = r.Only()
	}
	if err != nil {
		panic(err) // our own answer, a moment ago
	}
	return r, query, text
}

func proofBytes(response []byte) []byte {
	_, _, text := open(response)
	b, _ := base64.RawURLEncoding.DecodeString(text)
	return b
}

// proofFor is an answer to the request with a state.
func proofFor(state, query string, proof []byte) ([]byte, error) {
	return openid.NewResponse(state, query, base64.RawURLEncoding.EncodeToString(proof)).Bytes()
}

// attackScene plays six attacks; each must be refused, and says by which check.
func (s *scene) attackScene(ctx context.Context) error {
	s.step("attacks")
	for _, attack := range []struct {
		id   string
		play func(context.Context) error
	}{
		{"tampered", s.tampered}, {"replayed", s.replayed}, {"other-counter", s.otherCounter},
		{"revoked", s.revoked}, {"unaccredited", s.unaccredited}, {"stale", s.stale},
	} {
		if err := attack.play(ctx); err != nil {
			return fmt.Errorf("%s: %w", attack.id, err)
		}
	}
	return nil
}

// refused prints why an attack failed; one that succeeded ends the demo.
func (s *scene) refused(id string, err error) error {
	if err == nil {
		return errAccepted
	}
	j, _ := s.judge(err)
	var unchecked *verifier.Unchecked
	if !j.refused && !errors.As(err, &unchecked) {
		return err // something broke before the counter looked
	}
	if s.json {
		return s.print(map[string]any{"attack": id, "accepted": false, "check": j.check, "checkedAndFalse": j.refused, "message": s.sentence(err)})
	}
	s.say("attack."+id, "Answer", s.sentence(err))
	return nil
}

// exchange lets the library ask and the citizen answer, and decides nothing yet.
func (s *scene) exchange(ctx context.Context, with string) (*verifier.Verifier, *wallet.Presented, error) {
	v, request, err := s.ask(ctx, s.library, verifier.Config{})
	if err != nil {
		return nil, nil, err
	}
	presented, err := s.present(ctx, request, with)
	return v, presented, err
}

// tampered: one bit of the proof is flipped on its way.
func (s *scene) tampered(ctx context.Context) error {
	v, presented, err := s.exchange(ctx, "proof")
	if err != nil {
		return err
	}
	answer, query, _ := open(presented.Response)
	b := proofBytes(presented.Response)
	b[zkp.PresentationSize(0)-zkp.ProofSize-1] ^= 1 // the pseudonym's last bit
	forged, err := proofFor(answer.State, query, b)
	if err != nil {
		return err
	}
	_, err = v.Verify(ctx, forged)
	return s.refused("tampered", err)
}

// replayed: an accepted answer is shown again.
func (s *scene) replayed(ctx context.Context) error {
	v, presented, err := s.exchange(ctx, "proof")
	if err != nil {
		return err
	}
	if _, err := v.Verify(ctx, presented.Response); err != nil {
		return err
	}
	_, err = v.VerifyOnce(ctx, presented.Response)
	return s.refused("replayed", err)
}

// otherCounter: the gym passes an answer made for it on to the library, as the
// answer to the library's own request.
func (s *scene) otherCounter(ctx context.Context) error {
	for _, with := range []string{"claims", "proof"} {
		v, ours, err := s.ask(ctx, s.library, verifier.Config{})
		if err != nil {
			return err
		}
		_, theirs, err := s.ask(ctx, s.other, verifier.Config{})
		if err != nil {
			return err
		}
		presented, err := s.present(ctx, theirs, with)
		if err != nil {
			return err
		}
		answer, _, _ := open(presented.Response)
		if answer.State, err = stateOf(ours); err != nil {
			return err
		}
		passedOn, err := answer.Bytes()
		if err != nil {
			return err
		}
		_, err = v.Verify(ctx, passedOn)
		if err := s.refused("other-counter-"+with, err); err != nil {
			return err
		}
	}
	return nil
}

// stateOf reads the state out of a request object.
func stateOf(request []byte) (string, error) {
	parsed, err := openid.ParseRequest(string(request))
	if err != nil {
		return "", err
	}
	return parsed.Unverified.State, nil
}

// revoked: the office revokes the credential.
func (s *scene) revoked(ctx context.Context) error {
	return s.withdrawn(ctx, "revoked", func() error { return s.desk.Revoke(ctx, s.offers[0].Code) })
}

// withdrawn: what is good when the citizen answers is so no longer when the counter
// checks. The SD-JWT fails at once; a proof fails once its epoch has aged out, and no
// new one can be prepared.
func (s *scene) withdrawn(ctx context.Context, id string, withdraw func() error) error {
	_, early, err := s.exchange(ctx, "proof")
	if err != nil {
		return err
	}
	v, presented, err := s.exchange(ctx, "claims")
	if err != nil {
		return err
	}
	if err := withdraw(); err != nil {
		return err
	}
	_, err = v.Verify(ctx, presented.Response)
	if err := s.refused(id+"-claims", err); err != nil {
		return err
	}
	if err := s.nextEpoch(ctx); err != nil {
		return err
	}
	_, err = s.citizen.Prepare(ctx, 1)
	if err := s.refused(id+"-prepare", err); err != nil {
		return err
	}
	if err := s.sayCards(ctx, s.citizen); err != nil {
		return err
	}
	return s.agedProof(ctx, id+"-proof", proofBytes(early.Response))
}

// agedProof answers a fresh request with a proof of an epoch long closed.
func (s *scene) agedProof(ctx context.Context, id string, early []byte) error {
	if err := s.pastMaxAge(ctx); err != nil {
		return err
	}
	if s.stage != nil {
		defer func() { s.stage.ahead = 0 }()
	}
	v, request, err := s.ask(ctx, s.library, verifier.Config{})
	if err != nil {
		return err
	}
	state, err := stateOf(request)
	if err != nil {
		return err
	}
	old, err := proofFor(state, "proof", early)
	if err != nil {
		return err
	}
	_, err = v.Verify(ctx, old)
	return s.refused(id, err)
}

// pastMaxAge lets more time pass than the policy allows since the end of an
// epoch.
func (s *scene) pastMaxAge(ctx context.Context) error {
	if s.stage != nil { // the ledger's time is real; the counter's clock goes ahead
		s.stage.ahead += 3 * time.Hour
		return nil
	}
	for range 3 {
		if err := s.nextEpoch(ctx); err != nil {
			return err
		}
	}
	return nil
}

// unaccredited: a second citizen holds a good credential, and then the root
// suspends the office that issued it.
func (s *scene) unaccredited(ctx context.Context) error {
	if err := s.secondCredential(ctx); err != nil {
		return err
	}
	return s.withdrawn(ctx, "unaccredited", func() error {
		return s.root.Suspend(ctx, hufuagency.Grant{To: s.office.DID(), Action: ledger.ActionIssue, Type: demoType, Region: demoRegion})
	})
}

// secondCredential gives the stage to the next citizen of the table who can
// answer, with a wallet of their own.
func (s *scene) secondCredential(ctx context.Context) error {
	for i, o := range s.offers[1:] {
		if err := s.citizen.Close(); err != nil {
			return err
		}
		if err := s.desk.Publish(ctx); err != nil { // the signed list must be fresh
			return err
		}
		if _, _, _, err := s.hold(ctx, fmt.Sprintf("wallet-%d", i+2), o.Offer); err != nil {
			return err
		}
		_, request, err := s.ask(ctx, s.library, verifier.Config{})
		if err != nil {
			return err
		}
		if _, err := s.citizen.ResolveRequest(ctx, request); err == nil {
			return nil
		}
	}
	return errNoRows
}

// stale: a real answer reaches the counter two days late, and in all that time
// nothing came from the ledger either. Whatever was revoked since cannot show.
func (s *scene) stale(ctx context.Context) error {
	lifetime := 72 * time.Hour // the request itself must not expire first
	_, request, err := s.ask(ctx, s.library, verifier.Config{Lifetime: lifetime})
	if err != nil {
		return err
	}
	presented, err := s.present(ctx, request, "claims")
	if err != nil {
		return err
	}
	late := func() time.Time { return s.clock().Add(48 * time.Hour) }
	v, _, err := s.ask(ctx, s.library, verifier.Config{Lifetime: lifetime, Clock: late})
	if err != nil {
		return err
	}
	_, err = v.Verify(ctx, presented.Response)
	return s.refused("stale", err)
}
