package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/hufu-id/hufu/vault"
)

// Errors of a notification.
var (
	// ErrNotification: no answer under this grant has this notification id.
	ErrNotification = errors.New("issuer: unknown notification id")
	// ErrEvent: there is no such event.
	ErrEvent = errors.New("issuer: unknown notification event")
)

// An Event is what a wallet says became of what it got (OpenID4VCI 1.0 section 11.1).
type Event string

// The events.
const (
	EventAccepted Event = "credential_accepted"
	EventFailure  Event = "credential_failure"
	EventDeleted  Event = "credential_deleted"
)

// Notified is one event. Nothing else of a notification is kept: its description may be
// about a person.
type Notified struct {
	Event Event     `json:"event"`
	At    time.Time `json:"at"`
}

// Notify writes down what a wallet says of an answer, and ends the time in which the answer
// is given again. It revokes nothing. The same event twice is one. The reason of a refusal
// is [ErrNotification] or [ErrEvent].
func (d *Desk) Notify(ctx context.Context, grant, notification string, event Event) (err error) {
	defer d.ended(ctx, "notify", d.cfg.Clock(), &err)
	defer judge(&err, CheckApplication)
	if event != EventAccepted && event != EventFailure && event != EventDeleted {
		return ErrEvent
	}
	return d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		o, err := getOffer(tx, grant)
		if errors.Is(err, ErrCode) || err == nil && (o.Taken == nil || notification == "" || o.Taken.Notification != notification) {
			return ErrNotification
		}
		if err != nil {
			return err
		}
		for _, e := range o.Taken.Events {
			if e.Event == event {
				return nil
			}
		}
		o.Taken.Events = append(o.Taken.Events, Notified{event, d.cfg.Clock().UTC()})
		return put(tx, kindOffer, grant, o)
	})
}
