package verdict_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// hooks collect what the roles report.
type hooks struct {
	log    bytes.Buffer
	events []verdict.Event
}

func (h *hooks) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (h *hooks) observe(_ context.Context, e verdict.Event) { h.events = append(h.events, e) }

// TestHooksHearOfEveryCall lets one resident through desk, wallet and counter, with a
// refusal at each, and looks for the resident in what was reported.
func TestHooksHearOfEveryCall(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	h := new(hooks)
	deskConfig := c.DeskConfig(c.NewAgency())
	deskConfig.Logger, deskConfig.Observer, deskConfig.Keys = h.logger(), h.observe, c.Office.Issuer()
	desk, err := issuer.New(deskConfig)
	must(t, err)
	holder := c.Wallet()
	walletConfig := c.WalletConfig(holder)
	walletConfig.Logger, walletConfig.Observer = h.logger(), h.observe
	holder.Wallet, err = wallet.New(walletConfig)
	must(t, err)
	counterConfig := c.CounterConfig(c.Policy(nil))
	counterConfig.Logger, counterConfig.Observer = h.logger(), h.observe
	counter, err := verifier.New(counterConfig)
	must(t, err)

	resident := c.Adult()
	c.Hold(holder, resident)
	ctx := t.Context()
	offers, _, err := desk.Import(ctx, strings.NewReader(hufutest.Header+"\n"+c.OtherAdult().Row()+"\n"), issuer.ImportOptions{})
	must(t, err)
	_, err = desk.Answer(ctx, []byte("application of "+resident.Name))
	fails(t, err)
	fails(t, desk.Revoke(ctx, offers[0].Code))
	_, err = holder.Receive(ctx, []byte("response to "+resident.Name))
	fails(t, err)
	request, err := counter.NewRequest(ctx, verifier.RequestOptions{})
	must(t, err)
	asked, err := holder.ResolveRequest(ctx, request.Object)
	must(t, err)
	presented, err := holder.Present(ctx, asked, wallet.Consent{})
	must(t, err)
	_, err = counter.Verify(ctx, presented.Response)
	must(t, err)
	_, err = counter.Verify(ctx, append(presented.Response, ' '))
	fails(t, err)

	var got []string
	for _, e := range h.events {
		got = append(got, e.Role+" "+e.Operation+" "+e.Outcome+" "+string(e.Code))
	}
	for _, want := range []string{
		"issuer import done ", "issuer answer refused message-malformed", "issuer revoke refused not-issued",
		"wallet apply done ", "wallet receive done ", "wallet receive refused message-malformed",
		"verifier new-request done ", "wallet resolve-request done ", "wallet present done ",
		"verifier verify done ", "verifier verify refused replayed",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no event %q among %q", want, got)
		}
	}
	if n := strings.Count(h.log.String(), "\n"); n != len(h.events) {
		t.Errorf("%d lines for %d events", n, len(h.events))
	}
	for _, canary := range []string{resident.Name, resident.Number, resident.Birthdate, resident.Address, c.OtherAdult().Name, c.OtherAdult().Number, offers[0].Code, request.Nonce, request.ID} {
		if strings.Contains(h.log.String(), canary) {
			t.Errorf("the log holds %q", canary)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fails(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("it did not fail")
	}
}
