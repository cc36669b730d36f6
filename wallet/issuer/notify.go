package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
)

// ErrNotification: no answer under this grant has this notification id.
var ErrNotification = errors.New("issuer: unknown notification id")

// Notified is one event. Nothing else of a notification is kept: its description may be
// about a person.
type Notified struct {
	Event openid.NotificationEvent `json:"event"`
	At    time.Time                `json:"at"`
}

// Notify writes down what a wallet says of an answer, and ends the time in which the answer
// is given again. It revokes nothing. The same event twice is one. The reason of a refusal
// is [ErrNotification].
func (d *Desk) Notify(ctx context.Context, grant, notification string, event openid.NotificationEvent) (err error) {
	defer d.ended(ctx, "notify", d.cfg.Clock(), &err)
	defer judge(&err, CheckApplication)
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
