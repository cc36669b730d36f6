package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// kindTold is what all answers to one requester leave open, by its DID.
const kindTold = "told"

// maxExcept is how many excluded values are remembered of a claim. Forgetting them
// warns later, never wrongly.
const maxExcept = 1000

type told struct {
	Answers int `json:"answers"`
	// Left is by credential and path.
	Left map[string]map[string]predicate.Remaining `json:"left"`
}

func readTold(tx vault.Tx, requester string) (*told, error) {
	t := &told{Left: map[string]map[string]predicate.Remaining{}}
	r, err := tx.Get(kindTold, requester)
	if errors.Is(err, vault.ErrNotFound) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	if err := strictjson.Read(r.Value, limits.Record, t); err != nil {
		return nil, fmt.Errorf("%w: stored answers: %w", vault.ErrDamaged, err)
	}
	return t, nil
}

// remaining is what a part of a choice leaves of each claim that it speaks of.
func (p *Part) remaining(day zkp.Day) map[string]predicate.Remaining {
	if p.question != nil {
		return p.question.Remaining(day)
	}
	out := map[string]predicate.Remaining{}
	for i := range p.card.schema.Claims {
		if claim := &p.card.schema.Claims[i]; covers(p.paths, claim.Path) {
			out[claim.Path.String()] = predicate.Shown()
		}
	}
	return out
}

// addUp compares each choice with what the requester was told before. A claim of which
// old and new answers together leave few values, and neither does alone, is named.
func (w *Wallet) addUp(ctx context.Context, ask *Request, today zkp.Day) error {
	var before *told
	err := w.store.View(ctx, func(tx vault.Tx) (err error) {
		before, err = readTold(tx, ask.Requester)
		return err
	})
	if err != nil {
		return err
	}
	ask.Before = before.Answers
	for i := range ask.Choices {
		for j := range ask.Choices[i].Parts {
			p := &ask.Choices[i].Parts[j]
			known, now := before.Left[p.Credential], p.remaining(today)
			for k := range p.card.schema.Claims {
				claim := &p.card.schema.Claims[k]
				old, both := known[claim.Path.String()]
				left, asked := now[claim.Path.String()]
				if both && asked && !old.Told() && !left.Told() && old.And(left).Told() {
					p.AddsUp = append(p.AddsUp, labelOf(claim))
				}
			}
		}
	}
	return nil
}

// tell notes an answer.
func tell(tx vault.Tx, requester string, c *Choice, today zkp.Day) error {
	t, err := readTold(tx, requester)
	if err != nil {
		return err
	}
	t.Answers++
	for i := range c.Parts {
		p := &c.Parts[i]
		left := t.Left[p.Credential]
		if left == nil {
			left = map[string]predicate.Remaining{}
			t.Left[p.Credential] = left
		}
		for name, r := range p.remaining(today) {
			if old, known := left[name]; known {
				r = old.And(r)
			}
			if len(r.Except) > maxExcept {
				r.Except = nil
			}
			left[name] = r
		}
	}
	value, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return tx.Put(kindTold, requester, value)
}
