package verdict

import (
	"context"
	"log/slog"
	"time"
)

// Outcomes of an Event.
const (
	Done      = "done"      // it was carried out, or accepted
	NotDone   = "refused"   // checked, and false
	NotJudged = "unchecked" // could not be checked or done
)

// Event says how one call of a role ended. It holds no personal data, no text from
// outside and no error text, so that it may go to a log or a counter of metrics.
type Event struct {
	// Role is "wallet", "issuer" or "verifier".
	Role string
	// Operation is the method, in lower-case words with dashes: "receive", "verify".
	Operation string
	// Outcome is Done, NotDone or NotJudged.
	Outcome string
	// Check and Code say where it stopped and why; both are empty when it is done.
	Check Check
	Code  Code
	// Took is how long the call took, on the role's clock.
	Took time.Duration
}

// Watch hands events to an operator's hooks. The zero value hands them to nobody. It
// is safe for concurrent use if the hooks are.
type Watch struct {
	// Role names the role in each event.
	Role string
	// Logger gets one line a call: at level Debug what was done, at Info what was
	// refused, at Warn what could not be checked.
	Logger *slog.Logger
	// Observer is called once a call, before the call returns.
	Observer func(context.Context, Event)
	// Table finds what an error means.
	Table Table
}

// End reports the end of a call that began at started and ended at now. err is what
// the call returns.
func (w *Watch) End(ctx context.Context, operation string, started, now time.Time, err error) {
	if w.Logger == nil && w.Observer == nil {
		return
	}
	e := Event{Role: w.Role, Operation: operation, Outcome: Done, Took: now.Sub(started)}
	level := slog.LevelDebug
	if err != nil {
		v, _ := w.Table.Classify(err)
		e.Check, e.Code, e.Outcome, level = v.Check, v.Code, NotJudged, slog.LevelWarn
		if v.Refused {
			e.Outcome, level = NotDone, slog.LevelInfo
		}
	}
	if w.Logger != nil {
		w.Logger.LogAttrs(ctx, level, e.Role+" "+e.Operation, slog.String("outcome", e.Outcome),
			slog.String("check", string(e.Check)), slog.String("code", string(e.Code)), slog.Duration("took", e.Took))
	}
	if w.Observer != nil {
		w.Observer(ctx, e)
	}
}
