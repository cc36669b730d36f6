package wallet

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/vault"
)

var (
	// ErrOtherCredential means that an issuer sent another credential than it offered.
	ErrOtherCredential = errors.New("wallet: another credential than was offered")
	// ErrCopies means that the copies of one credential do not say the same.
	ErrCopies = errors.New("wallet: copies of a credential differ")
)

// kindCopies has, by the id of a credential, its other copies. The citizen sees one card.
// Each copy has a holder key and salts of its own, so that two counters that were shown
// two copies cannot tell from them that one person came.
const kindCopies = "copies"

type copies struct {
	Shown  int         `json:"shown"` // how often the card's own text was shown
	Others []otherCopy `json:"others"`
}

type otherCopy struct {
	Text  string `json:"text"`
	KeyID string `json:"key"`
	Shown int    `json:"shown"`
}

func readCopies(tx vault.Tx, id string) (*copies, error) {
	r, err := tx.Get(kindCopies, id)
	if err != nil {
		return nil, err
	}
	out := new(copies)
	if err := strictjson.Read(r.Value, limits.Record, out); err != nil {
		return nil, fmt.Errorf("%w: stored copies: %w", vault.ErrDamaged, err)
	}
	return out, nil
}

func (c *copies) put(tx vault.Tx, id string) error {
	value, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return tx.Put(kindCopies, id, value)
}

// next returns the index of the copy that was shown least; -1 is the card's own text.
func (c *copies) next() int {
	at, least := -1, c.Shown
	for i, other := range c.Others {
		if other.Shown < least {
			at, least = i, other.Shown
		}
	}
	return at
}

// takeCopy makes a holding one of the copy to show next, and counts it as shown first: a
// crash burns a copy and never shows one twice while fresh ones are left.
func (w *Wallet) takeCopy(ctx context.Context, h *holding) error {
	var text, keyID string
	err := w.store.Update(ctx, func(tx vault.Tx) error {
		c, err := readCopies(tx, h.card.ID)
		if errors.Is(err, vault.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if at := c.next(); at < 0 {
			c.Shown++
		} else {
			c.Others[at].Shown++
			text, keyID = c.Others[at].Text, c.Others[at].KeyID
		}
		return c.put(tx, h.card.ID)
	})
	if err != nil || text == "" {
		return err
	}
	sd, err := credential.Parse([]byte(text), credential.ParseOptions{})
	if err != nil {
		return fmt.Errorf("%w: stored copies: %w", vault.ErrDamaged, err)
	}
	h.sd, h.keyID, h.claims = sd, keyID, sd.UnverifiedClaims()
	return nil
}

// forgetCopies deletes the copies of a card, and returns the names of their keys.
func forgetCopies(tx vault.Tx, id string) (keys []string, err error) {
	c, err := readCopies(tx, id)
	if errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrDamaged) {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	if c != nil {
		for _, other := range c.Others {
			keys = append(keys, other.KeyID)
		}
	}
	if err := tx.Delete(kindCopies, id); err != nil && !errors.Is(err, vault.ErrNotFound) {
		return nil, err
	}
	return keys, nil
}

// received is one credential of an answer that was checked.
type received struct {
	at    int // of its key among those of the issuance
	found *provenance.Credential
	rec   *record
	card  *facts
}

// ReceiveCopies checks the credentials of an issuance as Receive does, matches them to
// their keys in whatever order they come, and stores them as one card. All must say the
// same. If any check fails nothing is stored, and the issuance waits for the true answer.
// It ends when session is nil; otherwise the session is kept for what is left to do. The
// reason of a refusal is ErrUnrequested, ErrWrongIssuer, ErrOtherCredential, ErrCopies, or
// as in Receive.
func (w *Wallet) ReceiveCopies(ctx context.Context, id string, credentials []string, session []byte) (_ *Stored, err error) {
	defer w.ended(ctx, "receive-copies", w.cfg.Clock(), &err)
	defer judge(&err, CheckForm)
	rec, err := w.issuance(ctx, id)
	if err != nil {
		return nil, err
	}
	if rec.Credential != "" {
		return nil, ErrReceived
	}
	if len(credentials) == 0 || len(credentials) > len(rec.Keys) {
		return nil, fmt.Errorf("%w: more credentials than keys, or none", openid.ErrCredentialResponse)
	}
	all := make([]*received, 0, len(credentials))
	for _, text := range credentials {
		one, err := w.checkCopy(ctx, rec, text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(r *received) bool { return r.at == one.at }) {
			return nil, fmt.Errorf("%w: two for one key", ErrUnrequested)
		}
		if len(all) > 0 && !sameCopy(all[0].found, one.found) {
			return nil, ErrCopies
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b *received) int { return a.at - b.at })
	unused, err := w.storeCopies(ctx, id, all, session)
	if err != nil {
		return nil, err
	}
	if err := w.dropKeys(ctx, unused); err != nil {
		return nil, err
	}
	return w.Credential(ctx, all[0].card.ID)
}

// checkCopy checks one credential against the issuance that it answers.
func (w *Wallet) checkCopy(ctx context.Context, rec *issuance, text string) (*received, error) {
	sd, err := credential.Parse([]byte(text), credential.ParseOptions{})
	if err != nil {
		return nil, err
	}
	found, err := w.trace(ctx, sd)
	if err != nil {
		return nil, err
	}
	id, err := credentialID(found.Confirmation)
	if err != nil {
		return nil, ErrUnrequested
	}
	at := slices.Index(rec.Holders, id)
	switch {
	case at < 0:
		return nil, ErrUnrequested
	case !answers(found, rec.Issuer):
		return nil, ErrWrongIssuer
	case found.Schema.ID != rec.Schema || found.Schema.Version != rec.Version:
		return nil, ErrOtherCredential
	}
	out := &received{at: at, found: found}
	if out.rec, out.card, err = w.examine(ctx, id, sd, found); err != nil {
		return nil, err
	}
	out.rec.KeyID = rec.Keys[at]
	return out, nil
}

// sameCopy reports whether two credentials say the same of their holder.
func sameCopy(a, b *provenance.Credential) bool {
	return a.VCT == b.VCT && a.Issuer == b.Issuer && a.Region == b.Region && a.NotBefore.Equal(b.NotBefore) && a.Expires.Equal(b.Expires) &&
		reflect.DeepEqual(withoutRegistered(a.Claims), withoutRegistered(b.Claims))
}

// storeCopies keeps what an issuance has brought, in one transaction, and returns the names
// of the keys that nothing needs any more.
func (w *Wallet) storeCopies(ctx context.Context, id string, all []*received, session []byte) (unused []string, err error) {
	first := all[0]
	err = w.store.Update(ctx, func(tx vault.Tx) error {
		rec, err := readIssuance(tx, id)
		if errors.Is(err, vault.ErrNotFound) || err == nil && rec.Credential != "" {
			return ErrReceived // by another process meanwhile
		}
		if err != nil {
			return err
		}
		if err := first.rec.put(tx, first.card, first.found.Schema); err != nil {
			return err
		}
		if err := putOthers(tx, first.card.ID, all[1:]); err != nil {
			return err
		}
		if unused, err = settleApplications(tx, rec, all); err != nil {
			return err
		}
		if session == nil {
			unused = append(unused, rec.SessionKey)
			return tx.Delete(kindIssuance, id)
		}
		rec.Credential, rec.Session = first.card.ID, session
		return rec.put(tx, id)
	})
	return unused, err
}

func putOthers(tx vault.Tx, id string, others []*received) error {
	if len(others) == 0 {
		return nil
	}
	var c copies
	for _, other := range others {
		c.Others = append(c.Others, otherCopy{Text: other.rec.Text, KeyID: other.rec.KeyID})
	}
	return c.put(tx, id)
}

// settleApplications keeps the application of the card alone, as finished: that of another
// copy would stand for a card that does not exist. It returns the keys for which nothing
// came.
func settleApplications(tx vault.Tx, rec *issuance, all []*received) (unused []string, err error) {
	for i, holder := range rec.Holders {
		if i == all[0].at {
			a := application{Issuer: rec.Issuer, Schema: rec.Schema, KeyID: rec.Keys[i], Finished: true, Created: rec.Created}
			if err := a.put(tx, holder); err != nil {
				return nil, err
			}
			continue
		}
		if err := dropApplications(tx, []string{holder}); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, func(r *received) bool { return r.at == i }) {
			unused = append(unused, rec.Keys[i])
		}
	}
	return unused, nil
}
