package wallet

import (
	"context"
	"strings"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp"
)

// registration is what the registry accredits a proof key for.
type registration struct {
	issuer      string
	key         zkp.PublicKey
	typ, region string
	schema      zkp.Element
}

// keyWindow is the days for which it does.
type keyWindow struct{ from, until zkp.Day }

// windowIn finds the window in an epoch: that of the epoch before or of the list of
// agencies, where the epoch's registry has it. Only where neither is right does it ask the
// ledger, which tells whoever serves it the issuer, and then once an epoch.
func (w *Wallet) windowIn(ctx context.Context, epoch *epochAt, r registration) (keyWindow, error) {
	window, known := w.windowHere(epoch, r)
	if known {
		return window, nil
	}
	window, known, err := w.windowAtHand(ctx, r)
	if err != nil {
		return window, err
	}
	if !known {
		if window, err = w.keyWindow(ctx, r); err != nil {
			return window, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.windowsOf == epoch.Number {
		w.windows[r.name()] = window
	}
	return window, nil
}

// windowAtHand finds the window in what was read before, held against the registry of the
// trees at hand.
func (w *Wallet) windowAtHand(ctx context.Context, r registration) (keyWindow, bool, error) {
	var candidates []keyWindow
	s, err := storedRound(ctx, w.store, recordSnapshot, parseSnapshot)
	if err != nil {
		return keyWindow{}, false, err
	}
	if s != nil {
		before, err := s.windows()
		if err != nil {
			return keyWindow{}, false, err
		}
		if window, known := before[r.name()]; known {
			candidates = append(candidates, window)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listed != nil {
		if from, until, ok, err := w.listed.IssuingDays(r.issuer, r.key.Bytes(), r.typ, r.region); err == nil && ok {
			candidates = append(candidates, keyWindow{zkp.Day(from), zkp.Day(until)})
		}
	}
	if w.built == nil {
		return keyWindow{}, false, nil
	}
	for _, c := range candidates {
		entry := zkp.RegistryEntry{Key: r.key, Schema: r.schema, Region: r.region, From: c.from, Until: c.until}
		if _, err := w.built.registry.Path(entry); err == nil {
			return c, true, nil
		}
	}
	return keyWindow{}, false, nil
}

func (r registration) name() string {
	return strings.Join([]string{r.issuer, string(r.key.Bytes()), r.region, r.typ}, "/")
}

// windowHere is a window that was read in this epoch.
func (w *Wallet) windowHere(epoch *epochAt, r registration) (keyWindow, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.windowsOf != epoch.Number || w.windows == nil {
		w.windowsOf, w.windows = epoch.Number, map[string]keyWindow{}
	}
	window, known := w.windows[r.name()]
	return window, known
}

// keyWindow finds the days as the ledger does.
func (w *Wallet) keyWindow(ctx context.Context, r registration) (window keyWindow, err error) {
	err = w.resolve(ctx, func(view *ledger.View) error {
		from, until, ok, err := view.IssuingDays(r.issuer, r.key.Bytes(), r.typ, r.region)
		if err != nil {
			return err
		}
		if !ok {
			return zkp.ErrNotRegistered
		}
		window = keyWindow{zkp.Day(from), zkp.Day(until)}
		return nil
	})
	return window, err
}
