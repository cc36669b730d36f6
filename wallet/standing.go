package wallet

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did/hufu"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// A State says whether a credential holds.
type State string

// The states.
const (
	StateValid       State = "valid"
	StateRevoked     State = "revoked"
	StateSuspended   State = "suspended"
	StateExpired     State = "expired"
	StateNotYetValid State = "not-yet-valid"
	// StateUnknown: the status list was last read longer ago than a day, or never.
	StateUnknown State = "unknown"
)

// Status is a state, and when the wallet last read the list that says so; zero where it
// never did.
type Status struct {
	State State
	AsOf  time.Time
}

// Words says it for people.
func (s Status) Words() (english, chinese string) {
	switch s.State {
	case StateValid:
		return "valid", "有效"
	case StateRevoked:
		return "revoked", "已撤销"
	case StateSuspended:
		return "suspended", "已暂停使用"
	case StateExpired:
		return "expired", "已过期"
	case StateNotYetValid:
		return "not valid yet", "尚未生效"
	}
	day := s.AsOf.In(zkp.Zone).Format(time.DateOnly)
	return "status not known since " + day, "自" + day + "起状态未知"
}

// reason is the error of a credential in this state, nil where it holds.
func (s State) reason() error {
	switch s {
	case StateRevoked:
		return status.ErrRevoked
	case StateSuspended:
		return status.ErrSuspended
	case StateExpired:
		return credential.ErrExpired
	case StateNotYetValid:
		return credential.ErrNotYetValid
	}
	return nil
}

// statusAge is how long a wallet believes a status list that it has read.
const statusAge = 24 * time.Hour

// standing is what was last read of a status list.
type standing struct {
	_    struct{} `cbor:",toarray"`
	Root [32]byte // on the ledger
	AsOf time.Time
}

// standings are those of all lists, by issuer and URI, in one record.
type standings map[string]standing

const standingsID = "standings"

func readStandings(tx vault.Tx) (lists standings, version uint64, err error) {
	r, err := tx.Get(kindIndex, standingsID)
	if errors.Is(err, vault.ErrNotFound) {
		return standings{}, 0, nil
	}
	if err == nil {
		err = readMode.Unmarshal(r.Value, &lists)
	}
	if err != nil { // it is read from the ledger again
		return standings{}, r.Version, nil
	}
	return lists, r.Version, nil
}

// list names the card's status list: two issuers may each have one of the same URI.
func (c *card) list() string { return c.Issuer + " " + c.StatusURI }

// asOf is when it was last known whether the card holds: on receipt, or later.
func (d *deck) asOf(c *card) time.Time {
	if read := d.lists[c.list()].AsOf; read.After(c.Received) {
		return read
	}
	return c.Received
}

// status judges by what the wallet holds and asks nobody.
func (d *deck) status(c *card, now time.Time) Status {
	s := Status{State: c.State, AsOf: d.asOf(c)}
	switch err := c.holds(now); {
	case errors.Is(err, credential.ErrExpired):
		s.State = StateExpired
	case errors.Is(err, credential.ErrNotYetValid):
		s.State = StateNotYetValid
	case err != nil:
	case c.err != nil || c.StatusURI != "" && now.Sub(s.AsOf) > statusAge:
		s.State = StateUnknown
	default:
		s.State = StateValid
	}
	return s
}

// holds says why a card is not to be shown or proved: status.ErrRevoked or
// ErrSuspended, credential.ErrExpired or ErrNotYetValid.
func (c *card) holds(now time.Time) error {
	switch {
	case c.State == StateRevoked || c.State == StateSuspended:
		return c.State.reason()
	case !c.Expires.IsZero() && !now.Before(c.Expires):
		return credential.ErrExpired
	case now.Before(c.NotBefore):
		return credential.ErrNotYetValid
	}
	return nil
}

// RefreshStatus reads the status lists of what the wallet holds and notes which
// credentials were revoked or suspended. KeepPrepared calls it in each epoch; no
// request does: whoever serves the lists would see that one was answered. A list that
// did not change is not fetched. It tries the other lists where one fails, and returns
// a [*Rejected] or an [*Unchecked].
func (w *Wallet) RefreshStatus(ctx context.Context) (err error) {
	defer w.ended(ctx, "refresh-status", w.cfg.Clock(), &err)
	defer judge(&err, CheckStatus)
	d, err := w.deck(ctx)
	if err != nil {
		return err
	}
	byList := map[string][]*card{}
	for _, c := range d.all {
		if c.StatusURI != "" {
			byList[c.list()] = append(byList[c.list()], c)
		}
	}
	var failures []error
	for _, of := range slices.Sorted(maps.Keys(byList)) {
		if err := w.refreshList(ctx, byList[of], d.lists[of]); err != nil {
			failures = append(failures, err)
		}
	}
	return joined(failures, CheckStatus)
}

// refreshList reads the list of some cards, if the ledger has another root of it than was
// read last or if a card came later.
func (w *Wallet) refreshList(ctx context.Context, cards []*card, last standing) error {
	var list *status.Verified
	by, uri := cards[0].Issuer, cards[0].StatusURI
	now, next := w.cfg.Clock(), standing{AsOf: w.cfg.Clock().UTC()}
	if cards[0].Anchor != "" {
		list, err := w.foreignList(ctx, cards[0])
		if err != nil {
			return err
		}
		next.Root = list.List.Root()
		return w.noteList(ctx, cards, list, next)
	}
	err := w.resolve(ctx, func(view *ledger.View) (err error) {
		source := provenance.Ledger(view)
		object, err := source.Status(ctx, by, uri)
		if err != nil {
			return err
		}
		if next.Root = object.Root; next.Root == last.Root {
			return nil
		}
		issuer, err := hufu.FromView(view, by)
		if err != nil {
			return err
		}
		list, err = provenance.StatusList(ctx, source, &provenance.Origin{ID: by, Document: issuer}, w.cfg.Public, uri, provenance.Options{Now: now})
		return err
	})
	if err != nil {
		return err
	}
	return w.noteList(ctx, cards, list, next)
}

// noteList notes what a list says of some cards; nil says what was known.
func (w *Wallet) noteList(ctx context.Context, cards []*card, list *status.Verified, next standing) error {
	states := map[string]State{}
	if list != nil {
		for _, c := range cards {
			if state, ok := stateIn(list, c.Index); ok && state != c.State {
				states[c.ID] = state
			}
		}
	}
	return w.store.Update(ctx, func(tx vault.Tx) error {
		if err := setStates(tx, states); err != nil {
			return err
		}
		return putStanding(tx, cards[0].list(), next)
	})
}

// stateIn reads a list. A status that only the issuer defines suspends.
func stateIn(list *status.Verified, index int) (State, bool) {
	switch err := list.Check(index); {
	case err == nil:
		return "", true
	case errors.Is(err, status.ErrRevoked):
		return StateRevoked, true
	case errors.Is(err, status.ErrSuspended), errors.Is(err, status.ErrUnknownStatus):
		return StateSuspended, true
	}
	return "", false
}

func setStates(tx vault.Tx, states map[string]State) error {
	if len(states) == 0 {
		return nil
	}
	return editCards(tx, slices.Collect(maps.Keys(states)), func(id string, known *facts) *facts {
		if known != nil {
			known.State = states[id]
		}
		return known
	})
}

func putStanding(tx vault.Tx, of string, s standing) error {
	lists, _, err := readStandings(tx)
	if err != nil {
		return err
	}
	lists[of] = s
	value, err := cardMode.Marshal(lists)
	if err != nil {
		return err
	}
	return tx.Put(kindIndex, standingsID, value)
}

// revoked notes what the ledger's tree of revoked handles has told.
func (w *Wallet) revoked(ctx context.Context, id string) error {
	return w.store.Update(ctx, func(tx vault.Tx) error { return setStates(tx, map[string]State{id: StateRevoked}) })
}
