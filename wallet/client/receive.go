package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/wallet"
)

// ReceiveOptions says what the citizen decided. The zero value takes the only credential of
// an offer, without a transaction code and without proving who one is.
type ReceiveOptions struct {
	// Configuration chooses one of several Offer.Credentials.
	Configuration string
	// TxCode is the code that came another way.
	TxCode string
	// Identity is as in wallet.ApplyOptions.
	Identity string
	// Copies overrides Config.Copies; zero leaves it.
	Copies int
}

// A Result says how far an issuance came.
type Result struct {
	// Stored is the credential; nil where the issuance waits.
	Stored *wallet.Stored
	// ID names an issuance that waits, for Resume.
	ID string
	// SignIn says that it waits for the citizen to sign in. Otherwise After is when the
	// issuer wants to be asked again.
	SignIn bool
	After  time.Time
	// Untold is why the issuer does not know yet that the credential is stored; nil where it
	// knows, or did not ask. ID then names what Resume does about it.
	Untold error
}

// Receive takes up an offer with a pre-authorised code (OpenID4VCI 1.0 section 3.5): it buys
// a token, asks for the credential, checks it as wallet.ReceiveCopies does, and stores it.
//
// The issuer learns who took up its offer, as far as the code says, and what the package
// comment lists.
//
// Where the issuer is not ready, or does not answer, the issuance waits, and Resume goes on.
// A code that the issuer does not take ends it: Receive may be called again with another
// TxCode. The reason of a refusal is ErrTxCode, ErrCode, ErrDenied, ErrAttestation,
// ErrUnsupported, ErrAnswer, ErrRefused, or one of package wallet.
func (c *Client) Receive(ctx context.Context, o *Offer, opts ReceiveOptions) (_ *Result, err error) {
	defer judge(&err)
	if err := checkTxCode(o, opts.TxCode); err != nil {
		return nil, err
	}
	s := &session{Stage: stageCode, Grant: oauth.GrantPreAuthorized, Code: o.offer.Code(), TxCode: opts.TxCode}
	f, err := c.begin(ctx, o, s, options{opts.Configuration, opts.Identity, opts.Copies})
	if err != nil {
		return nil, err
	}
	return f.run(ctx)
}

// checkTxCode holds a code against what the offer says of it, so that a slip costs no
// attempt.
func checkTxCode(o *Offer, code string) error {
	if o == nil || o.TxCode == nil {
		if code != "" {
			return fmt.Errorf("%w: the offer wants none", ErrTxCode)
		}
		return nil
	}
	switch {
	case code == "" || strings.ContainsFunc(code, func(r rune) bool { return r <= ' ' || r > '~' }):
		return ErrTxCode
	case o.TxCode.Length > 0 && len(code) != o.TxCode.Length:
		return fmt.Errorf("%w: of another length", ErrTxCode)
	case o.TxCode.InputMode != "text" && strings.ContainsFunc(code, func(r rune) bool { return r < '0' || r > '9' }):
		return fmt.Errorf("%w: not of digits", ErrTxCode)
	}
	return nil
}

// Resume goes on where an issuance stopped: it sends again what was not answered, asks for a
// credential that was not ready, stores what had come, or tells the issuer. It asks no
// earlier than the issuer allowed, and then returns at once. The issuer learns that it is the
// same wallet as before. Errors are those of Receive; vault.ErrNotFound means that the
// issuance is over.
func (c *Client) Resume(ctx context.Context, id string) (_ *Result, err error) {
	defer judge(&err)
	if waits, err := c.early(ctx, id); err != nil || waits != nil {
		return waits, err
	}
	f, err := c.open(ctx, id)
	if err != nil {
		return nil, err
	}
	return f.run(ctx)
}

// early says that an issuance waits, without asking anybody.
func (c *Client) early(ctx context.Context, id string) (*Result, error) {
	issuance, err := c.cfg.Wallet.Issuance(ctx, id)
	if err != nil {
		return nil, err
	}
	s, err := parseSession(issuance.Session)
	if err != nil {
		return nil, err
	}
	switch {
	case s.Stage == stageSignIn:
		return &Result{ID: id, SignIn: true}, nil
	case s.Stage == stageDeferred && c.cfg.Clock().Before(s.After):
		return &Result{ID: id, After: s.After}, nil
	}
	return nil, nil
}

// Waiting lists the issuances that are not over, oldest first. It asks nobody.
func (c *Client) Waiting(ctx context.Context) ([]*wallet.Issuance, error) {
	return c.cfg.Wallet.Pending(ctx)
}

// Abandon ends an issuance and forgets its keys. The issuer learns nothing.
func (c *Client) Abandon(ctx context.Context, id string) error {
	return c.cfg.Wallet.EndIssuance(ctx, id)
}

// run takes an issuance as far as it goes now. Each step writes down what it did before the
// next begins.
func (f *flow) run(ctx context.Context) (*Result, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		switch f.s.Stage {
		case stageAnswer:
			return f.store(ctx)
		case stageNotify:
			return f.tell(ctx)
		case stageSignIn:
			return &Result{ID: f.id, SignIn: true}, nil
		case stageDeferred:
			if f.c.cfg.Clock().Before(f.s.After) {
				return &Result{ID: f.id, After: f.s.After}, nil
			}
		}
		if err := f.step(ctx); err != nil {
			return nil, f.ended(ctx, err)
		}
	}
}

func (f *flow) step(ctx context.Context) error {
	switch f.s.Stage {
	case stageCode:
		return f.buy(ctx)
	case stageToken:
		return f.compose(ctx)
	case stageRequest:
		return f.request(ctx)
	case stageDeferred:
		return f.collect(ctx)
	}
	return fmt.Errorf("%w: unknown stage", ErrEnded)
}

// ended forgets an issuance that the issuer has ended for good.
func (f *flow) ended(ctx context.Context, err error) error {
	if errors.Is(err, ErrCode) || errors.Is(err, ErrDenied) || errors.Is(err, ErrEnded) {
		return errors.Join(err, f.c.cfg.Wallet.EndIssuance(context.WithoutCancel(ctx), f.id))
	}
	return err
}

// store checks what came and keeps it. An answer that is false is dropped, and the issuer
// is told: the issuance waits for the true one. One that cannot be checked now stays.
func (f *flow) store(ctx context.Context) (*Result, error) {
	var next []byte
	if f.s.Notification != "" && f.site.metadata.NotificationEndpoint != "" {
		after := *f.s
		after.Stage, after.Answer, after.Request, after.Private = stageNotify, nil, nil, nil
		var err error
		if next, err = after.bytes(); err != nil {
			return nil, err
		}
	}
	stored, err := f.c.cfg.Wallet.ReceiveCopies(ctx, f.id, f.s.Answer, next)
	var rejected *wallet.Rejected
	if errors.As(err, &rejected) && !errors.Is(err, wallet.ErrReceived) {
		_ = f.notify(ctx, openid.CredentialFailure) // a courtesy
		f.s.Stage, f.s.Answer, f.s.Notification = stageToken, nil, ""
		return nil, errors.Join(err, f.keep(ctx))
	}
	if err != nil {
		return nil, err
	}
	if next == nil {
		return &Result{Stored: stored}, nil
	}
	f.s.Stage = stageNotify
	return f.told(ctx, stored)
}

// tell goes on with an issuance whose credential is stored.
func (f *flow) tell(ctx context.Context) (*Result, error) {
	issuance, err := f.c.cfg.Wallet.Issuance(ctx, f.id)
	if err != nil {
		return nil, err
	}
	stored, err := f.c.cfg.Wallet.Credential(ctx, issuance.Credential)
	if err != nil { // forgotten meanwhile
		return nil, errors.Join(err, f.c.cfg.Wallet.EndIssuance(ctx, f.id))
	}
	return f.told(ctx, stored)
}

// told tells the issuer that the credential is stored. What it refuses to hear is not
// repeated.
func (f *flow) told(ctx context.Context, stored *wallet.Stored) (*Result, error) {
	err := f.notify(ctx, openid.CredentialAccepted)
	if errors.Is(err, ErrUnreachable) || ctx.Err() != nil {
		return &Result{Stored: stored, ID: f.id, Untold: err}, nil
	}
	return &Result{Stored: stored, Untold: err}, f.c.cfg.Wallet.EndIssuance(ctx, f.id)
}
