package issuer

import (
	"context"
	"encoding/hex"
	"errors"
	"math/bits"
	"runtime"
	"sync"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
)

// ResignOptions are for Resign. The zero value signs anew what a compromised key signed.
type ResignOptions struct {
	// Retired signs anew what any key signed that is not the desk's today. Without it,
	// what a key signed that ended in good standing stays: it counts still.
	Retired bool
	// Progress is called after each batch.
	Progress func(Resigned)
	// Left is called for each credential that ought to be signed anew and cannot be, and
	// says why: [ErrType] for a type or region that the desk does not issue,
	// zkp.ErrNotRegistered for one that it is not accredited for today, [ErrIssue] for
	// claims that no longer fit the schema, [ErrCommitment] where the desk does not know
	// the holder commitment that was signed, vault.ErrDamaged where the credential is no
	// longer in the store.
	Left func(Credential, error)
}

// Resigned counts what Resign did. Of is how many credentials were ever issued, Seen how
// many of them were looked at.
type Resigned struct {
	Of   int `json:"of"`
	Seen int `json:"seen"`
	// Signed were signed anew, Good needed nothing, Ended are revoked or expired, and
	// Left could not be signed anew.
	Signed int `json:"signed"`
	Good   int `json:"good"`
	Ended  int `json:"ended"`
	Left   int `json:"left"`
}

// together is how many credentials are signed between two transactions.
const together = 64

// Resign signs an office's credentials anew under the desk's keys, after a theft of the
// keys before: each that is in force and that a compromised key signed, its status lists
// first. Claims, holder, holder commitment, status entry, binding day and last day stay.
// The first day is today. The wallets fetch them by [Desk.Reissue]; a wallet whose first
// answer was lost gets the new one from Answer.
//
// It goes through the lists in batches, each in one durable transaction, and holds one
// batch in memory. Stop it at any time: it goes on where it was when it is called again,
// for the records say which key signed. Two at once do no harm. The ledger learns
// nothing of it but the status lists.
//
// It needs Config.Reader. The reason of a refusal is did.ErrKeyCompromised,
// did.ErrKeyNotValid or did.ErrNoKey where the desk's own key is not in force.
func (d *Desk) Resign(ctx context.Context, opts ResignOptions) (done Resigned, err error) {
	defer d.ended(ctx, "resign", d.cfg.Clock(), &err)
	defer judge(&err, CheckVault)
	s, err := d.standing(ctx, opts.Retired)
	if err != nil {
		return done, err
	}
	if err := d.renew(ctx, func(l *list) bool { return l.KeyID != d.cfg.Keys.KeyID }); err != nil {
		return done, err
	}
	lists, err := d.lists(ctx)
	if err != nil {
		return done, err
	}
	for _, l := range lists {
		done.Of += l.Size - l.free()
	}
	for _, l := range lists {
		for n := range l.Free {
			places, err := d.taken(ctx, l, n)
			if err != nil {
				return done, err
			}
			for ; len(places) > 0; places = places[min(together, len(places)):] {
				if err := d.resignSome(ctx, s, places[:min(together, len(places))], opts, &done); err != nil {
					return done, err
				}
			}
		}
	}
	return done, nil
}

// taken are the entries of a page that were given away.
func (d *Desk) taken(ctx context.Context, l *list, n int) (places []entry, err error) {
	err = d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		page, err := l.page(tx, kindTaken, n)
		for i, b := range page {
			for ; b != 0; b &= b - 1 {
				places = append(places, entry{l.URI, n*pageBits + i*8 + bits.TrailingZeros8(b)})
			}
		}
		return err
	})
	return places, err
}

// resigning is one credential that is signed anew.
type resigning struct {
	at         entry
	record     *issued
	commitment []byte
	copy       int    // its number in the answer
	before     []byte // the answer as it stands in the store
	text       string // the credential in it
	renewed    string // what stands in its place from now on
	next       *issued
	err        error
}

func (d *Desk) resignSome(ctx context.Context, s *standing, places []entry, opts ResignOptions, done *Resigned) error {
	var work []*resigning
	var now Resigned
	err := d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		work, now = nil, *done
		for _, at := range places {
			w, err := d.look(tx, s, at, &now)
			if err != nil {
				return err
			}
			if w != nil {
				work = append(work, w)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := signAll(ctx, work, func(w *resigning) { w.err = d.signAgain(ctx, s, w) }); err != nil {
		return err
	}
	var kept, ended int
	err = d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		kept, ended = 0, 0
		for _, w := range work {
			if w.err != nil {
				continue
			}
			ok, err := w.keep(tx)
			if err != nil {
				return err
			}
			if ok {
				kept++
			} else {
				ended++ // revoked meanwhile, or signed by another process
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	now.Seen, now.Signed, now.Good = now.Seen+len(places), now.Signed+kept, now.Good+ended
	for _, w := range work {
		if w.err != nil {
			if now.Left++; opts.Left != nil {
				opts.Left(w.record.public(w.at), w.err)
			}
		}
	}
	if *done = now; opts.Progress != nil {
		opts.Progress(now)
	}
	return nil
}

// look returns what there is to sign anew of one credential, nil for nothing.
func (d *Desk) look(tx vault.Tx, s *standing, at entry, count *Resigned) (*resigning, error) {
	c, err := getIssued(tx, at)
	if err != nil {
		return nil, err
	}
	if !c.Revoked.IsZero() || c.Revoking || c.NotAfter < s.today {
		count.Ended++
		return nil, nil
	}
	w := &resigning{at: at, record: c}
	if !s.wants(c) {
		count.Good++
		return nil, nil
	}
	o, err := getOffer(tx, c.Offer)
	if err != nil {
		return nil, err
	}
	p, err := d.people.known(tx, o.Person)
	if err != nil {
		return nil, err
	}
	if w.copy = o.Taken.copyAt(at); w.copy >= 0 {
		w.before = o.Taken.Response
	}
	w.commitment = p.Commitment
	return w, nil
}

// signAll signs on every processor.
func signAll(ctx context.Context, work []*resigning, sign func(*resigning)) error {
	next := make(chan *resigning)
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(work)) {
		all.Go(func() {
			for w := range next {
				sign(w)
			}
		})
	}
	for _, w := range work {
		if ctx.Err() == nil {
			next <- w
		}
	}
	close(next)
	all.Wait()
	return ctx.Err()
}

// keep stores what was signed anew, unless something happened to it meanwhile.
func (w *resigning) keep(tx vault.Tx) (bool, error) {
	c, err := getIssued(tx, w.at)
	if err != nil {
		return false, err
	}
	o, err := getOffer(tx, c.Offer)
	if err != nil {
		return false, err
	}
	if !c.Revoked.IsZero() || c.Revoking || o.Taken.copyAt(w.at) != w.copy {
		return false, nil
	}
	now, err := openid.ParseCredentialResponse(o.Taken.Response)
	if err != nil || now.Credentials[w.copy] != w.text {
		return false, nil
	}
	now.Credentials[w.copy] = w.renewed
	if o.Taken.Response, err = now.Bytes(); err != nil {
		return false, err
	}
	return true, errors.Join(
		put(tx, kindCredential, w.at.id(), w.next),
		put(tx, kindOffer, c.Offer, o),
		put(tx, kindResigned, resignedID(openid.CredentialHash(w.text)), w.at),
		unanchored(tx, w.at),
	)
}

func resignedID(credential [32]byte) string {
	return hashText("resigned", hex.EncodeToString(credential[:]))
}

// wants reports whether a credential of these keys is to be signed anew.
func (s *standing) wants(c *issued) bool {
	if s.retired {
		return c.KeyID != s.keyID || !c.handle.none() && string(c.ProofKey) != string(s.proofKey)
	}
	return s.void[c.KeyID] || s.void[string(c.ProofKey)]
}
