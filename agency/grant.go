package agency

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp"
)

// A Grant names an accreditation: who may do what, for which type and where.
type Grant struct {
	// To is the DID of the agency that may act.
	To string
	// Action is ledger.ActionIssue, ledger.ActionVerify or ledger.ActionAccredit.
	Action string
	// Type is the credential type (vct); ledger.AnyType with ActionAccredit.
	Type string
	// Region is a GB/T 2260 code: the action may be done in it and in all that
	// lies within.
	Region string
	// From is the first instant in force of an accreditation that begins, zero the
	// beginning of the day. It lies in the past where the ledger voided an honest
	// accreditation with what a stolen key had signed: what was issued under it
	// counts again. Only Accredit reads it.
	From time.Time
	// Until is the first instant no longer in force; zero is without end. Only
	// Accredit reads it.
	Until time.Time
	// Subject says who the agency is; this agency vouches for it. Zero keeps what
	// this agency said before. Only Accredit reads it.
	Subject ledger.Subject
}

// Accredit gives an accreditation, makes a suspended one good again, or changes
// when it ends. An agency that is not the trust root needs an accreditation to
// accredit, which Accredit finds. One that the ledger holds already, word for
// word, is not submitted again. The ledger refuses a name or a code that another
// agency bears: ledger.ErrConflict.
//
// The error of this and the other four is [ErrNoGrant], [ErrNoKey],
// [ErrOffline], an error of ledger.Client such as ledger.ErrNotAccredited where
// this agency may not accredit, a *ledger.RefusedError, or an [*UncertainError].
func (a *Agency) Accredit(ctx context.Context, grant Grant) error {
	return a.grant(ctx, grant, func(term *ledger.Accreditation) (string, error) {
		term.Until = 0
		if !grant.Until.IsZero() {
			term.Until = grant.Until.Unix()
		}
		if grant.Subject != (ledger.Subject{}) {
			term.Subject = grant.Subject
		}
		return ledger.StateActive, nil
	})
}

// Describe says who the trust root itself is, which nobody else can. The error is
// that of Accredit; ledger.ErrNotAccredited where this agency is not the root.
func (a *Agency) Describe(ctx context.Context, subject ledger.Subject) error {
	return a.Accredit(ctx, Grant{
		To: a.DID(), Action: ledger.ActionAccredit, Type: ledger.AnyType, Region: "000000", Subject: subject,
	})
}

// Suspend stops an accreditation until Restore or Accredit. Suspending twice
// does nothing. The error is [ErrNoGrant] where this agency gave none or ended
// it.
func (a *Agency) Suspend(ctx context.Context, grant Grant) error {
	return a.grant(ctx, grant, from(ledger.StateSuspended, ledger.StateActive, ledger.StateSuspended))
}

// Restore makes a suspended accreditation good again. It does nothing to one
// that is good. The error is [ErrNoGrant] where this agency gave none or ended
// it.
func (a *Agency) Restore(ctx context.Context, grant Grant) error {
	return a.grant(ctx, grant, from(ledger.StateActive, ledger.StateActive, ledger.StateSuspended))
}

// End closes an accreditation in good standing at the end of the day, or leaves
// the earlier end that it has: what the agency issued until then stays good, and
// Accredit opens it again. Ending twice does nothing. The error is [ErrNoGrant]
// where this agency gave none, suspended it or revoked it.
func (a *Agency) End(ctx context.Context, grant Grant) error {
	today, err := zkp.Today(a.now())
	if err != nil {
		return err
	}
	tomorrow := (today + 1).Start().Unix()
	end := from(ledger.StateEnded, ledger.StateActive, ledger.StateEnded)
	return a.grant(ctx, grant, func(term *ledger.Accreditation) (string, error) {
		if term.Until == 0 || term.Until > tomorrow {
			term.Until = tomorrow
		}
		return end(term)
	})
}

// Revoke ends an accreditation for cause: nothing that the agency issued under it
// counts any more, whatever date it bears. Accredit begins a new one, which does
// not cover what was issued before, unless Grant.From says so. Revoking twice does nothing. The error is
// [ErrNoGrant] where this agency gave none.
func (a *Agency) Revoke(ctx context.Context, grant Grant) error {
	return a.grant(ctx, grant, from(ledger.StateRevoked, ledger.StateActive, ledger.StateSuspended, ledger.StateEnded, ledger.StateRevoked))
}

// step says to which state an accreditation goes. It may change the end.
type step func(term *ledger.Accreditation) (state string, err error)

// from is a step to a state, from any of the given ones.
func from(to string, states ...string) step {
	return func(term *ledger.Accreditation) (string, error) {
		for _, state := range states {
			if term.State == state {
				return to, nil
			}
		}
		return "", ErrNoGrant
	}
}

// Bearer returns the DID of the agency that bears a unified social credit code on the
// ledger. The error is ledger.ErrAbsent where nobody does, or one of ledger.Client.
func (a *Agency) Bearer(ctx context.Context, code string) (string, error) {
	if a.client == nil {
		return "", ErrOffline
	}
	did, err := a.client.Get(ctx, ledger.CodeKey(code))
	return string(did), err
}

// Named returns who this agency said that another is, in an accreditation that it gave,
// in force or not. The error is ledger.ErrAbsent where it gave none, or one of
// ledger.Client.
func (a *Agency) Named(ctx context.Context, grant Grant) (subject ledger.Subject, err error) {
	key := ledger.AccreditationKey(grant.To, grant.Action, grant.Region, grant.Type)
	err = a.resolve(ctx, func(view *ledger.View) error {
		b, err := view.Get(key)
		if err != nil {
			return err
		}
		term, err := ledger.ParseAccreditation(b)
		if err != nil {
			return err
		}
		subject = term.Subject
		return nil
	}, key)
	return subject, err
}

func (a *Agency) grant(ctx context.Context, grant Grant, next step) error {
	term := &ledger.Accreditation{
		Agency: grant.To, Action: grant.Action, Region: grant.Region, Type: grant.Type, Accreditor: a.DID(),
	}
	var held []byte
	err := a.resolve(ctx, func(view *ledger.View) (err error) {
		held, err = a.standing(view, term, grant.From, next)
		return err
	}, term.Key())
	if err != nil {
		return fmt.Errorf("agency: accreditation: %w", err)
	}
	if bytes.Equal(held, term.Bytes()) {
		return nil
	}
	_, err = a.Submit(ctx, term)
	return err
}

// standing fills in the term as it stands and takes the next step. It returns
// what the ledger holds. It runs again for every round of proofs.
func (a *Agency) standing(view *ledger.View, term *ledger.Accreditation, begin time.Time, next step) (held []byte, err error) {
	term.State, term.From, term.Until, term.Via, term.Subject = "", 0, 0, "", ledger.Subject{}
	held, err = view.Get(term.Key())
	if err != nil && !errors.Is(err, ledger.ErrAbsent) {
		return nil, err
	}
	fresh := true
	if held != nil {
		old, err := ledger.ParseAccreditation(held)
		if err != nil {
			return nil, err
		}
		if old.Accreditor == term.Accreditor {
			*term, fresh = *old, old.State == ledger.StateRevoked
		} else if old.State == ledger.StateEnded {
			term.From, fresh = old.From, false // what it covered stays covered
		}
	}
	before := term.State
	if term.State, err = next(term); err != nil {
		return nil, err
	}
	if term.State != ledger.StateActive || before == ledger.StateActive || before == ledger.StateSuspended {
		return held, nil
	}
	if fresh {
		// It begins with the day, as credentials do, and covers nothing of before.
		today, err := zkp.Today(a.now())
		if err != nil {
			return nil, err
		}
		if begin.IsZero() {
			begin = today.Start()
		}
		term.From = begin.Unix()
		if term.Until != 0 && term.Until <= a.now().Unix() {
			return nil, fmt.Errorf("%w: accreditation is over before it begins", ledger.ErrValue)
		}
	}
	term.Via, err = a.entitlement(view, term)
	return held, err
}

// entitlement is the key of the accreditation by which this agency may give a
// term; empty for the trust root.
func (a *Agency) entitlement(view *ledger.View, term *ledger.Accreditation) (string, error) {
	chain, err := view.Accredited(term.Accreditor, term.Type, ledger.ActionAccredit, term.Region, view.Now())
	if err != nil || len(chain) == 0 {
		return "", err
	}
	return chain[0].Key(), nil
}
