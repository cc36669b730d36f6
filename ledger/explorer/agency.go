package explorer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/hufu-id/hufu/internal/gb"
	"github.com/hufu-id/hufu/ledger"
)

// maxAccreditations bounds the number of accreditations in the answer about one
// agency.
const maxAccreditations = 64

// OfAgency returns an agency's keys, and for each of its accreditations who the
// agency is and the chain to the root agency, or the reason why it does not count.
// The agency is asked for by its DID, its unified social credit code, or a name, one
// that looks like it included. Errors: ledger.ErrKey, those of
// ledger.Client.Resolve, and those of the source.
func (x *Explorer) OfAgency(ctx context.Context, asked string) (*Answer, error) {
	did, err := x.didOf(ctx, asked)
	if errors.Is(err, ledger.ErrAbsent) {
		return absent(Agency, asked), nil
	}
	if err != nil {
		return nil, err
	}
	keys, more, err := x.allKeys(ctx, ledger.AccreditationPrefix(did), maxAccreditations)
	if err != nil {
		return nil, err
	}
	var a *Answer
	root := x.client.Pinned().RootDID
	err = x.client.Resolve(ctx, func(view *ledger.View) (err error) {
		a, err = agencyIn(view, root, did, keys)
		return err
	}, ledger.ResolveOptions{Keys: append(keys, ledger.DIDKey(did))})
	if errors.Is(err, ledger.ErrAbsent) {
		return absent(Agency, did), nil
	}
	if err == nil && more {
		a.add("more")
	}
	return a, err
}

// didOf finds who bears a code or a name.
func (x *Explorer) didOf(ctx context.Context, asked string) (string, error) {
	key := ""
	switch {
	case ledger.CheckDID(asked) == nil:
		return asked, nil
	case gb.CheckUSCC(asked) == "":
		key = ledger.CodeKey(asked)
	case ledger.CheckName(asked) == nil:
		key = ledger.NameKey(asked)
	default:
		return "", ledger.ErrKey
	}
	did, err := x.client.Get(ctx, key)
	return string(did), err
}

func agencyIn(view *ledger.View, root, did string, keys []string) (*Answer, error) {
	d, err := view.DID(did)
	if err != nil {
		return nil, err
	}
	a := new(Answer)
	s := a.add("agency")
	s.add("did", Agency, did)
	switch {
	case d.Deactivated:
		s.add("state", Word, "deactivated")
	case did == root:
		s.add("state", Word, "root")
	default:
		s.add("state", Word, "active")
	}
	s.number("changes", d.Sequence)
	for _, key := range d.Keys {
		addKey(a.add("key"), key, view.Now())
	}
	var missing ledger.NotProvedError
	for _, key := range keys {
		err := addAccreditation(a, view, root, key, view.Now())
		var more *ledger.NotProvedError
		if errors.As(err, &more) {
			missing.Keys = append(missing.Keys, more.Keys...)
		} else if err != nil {
			return nil, err
		}
	}
	if len(missing.Keys) > 0 {
		return nil, &missing
	}
	return a, nil
}

func addKey(s *Section, key ledger.PublicKey, now time.Time) {
	s.add("key-id", Text, key.ID)
	s.add("key-purpose", Word, "key-"+key.Purpose)
	s.time("from", key.From)
	s.time("until", key.Until)
	s.time("compromised", key.CompromisedFrom)
	if key.ValidAt(now) {
		s.add("state", Word, "in-force")
	} else {
		s.add("state", Word, "not-in-force")
	}
}

// addAccreditation adds one accreditation with its chain.
func addAccreditation(a *Answer, view *ledger.View, root, key string, now time.Time) error {
	b, err := view.Get(key)
	if errors.Is(err, ledger.ErrAbsent) {
		return nil // the list named what is not there
	}
	if err != nil {
		return err
	}
	accr, err := ledger.ParseAccreditation(b)
	if err != nil {
		return err
	}
	chain, err := ledger.Chain(view, root, key, now)
	var fails *ledger.AccreditationError
	if err != nil && !errors.As(err, &fails) {
		return err
	}
	s := a.add("accreditation")
	s.add("name", Text, names(accr.Subject))
	s.add("code", Text, accr.Subject.Code)
	s.add("contact", Text, accr.Subject.Contact)
	s.add("type", Text, accr.Type)
	s.add("action", Word, accr.Action)
	s.add("region", Text, accr.Region)
	s.time("from", accr.From)
	s.time("until", accr.Until)
	if fails != nil {
		s.add("state", Word, reasonWord(fails.Reason))
		if fails.Key != key {
			s.add("fails-at", Agency, agencyOf(fails.Key))
		}
		if err := addHeirs(s, view, accr); err != nil {
			return err
		}
		return addAccreditor(s, view, accr)
	}
	s.add("state", Word, "in-force")
	if err := addHeirs(s, view, accr); err != nil {
		return err
	}
	for i := range chain {
		if err := addAccreditor(s, view, &chain[i]); err != nil {
			return err
		}
	}
	return nil
}

// addHeirs says which other agencies bear the names or the code of an accreditation by
// now, or what looks like them.
func addHeirs(s *Section, view *ledger.View, accr *ledger.Accreditation) error {
	var heirs []string
	for _, key := range accr.Subject.Keys() {
		b, err := view.Get(key)
		if errors.Is(err, ledger.ErrAbsent) {
			continue
		}
		if err != nil {
			return err
		}
		if did := string(b); did != accr.Agency && !slices.Contains(heirs, did) {
			heirs = append(heirs, did)
			s.add("alike", Agency, did)
		}
	}
	return nil
}

// addAccreditor says who gave an accreditation, by name where it has one.
func addAccreditor(s *Section, view *ledger.View, accr *ledger.Accreditation) error {
	by, err := view.Subject(nil) // the root
	if accr.Via != "" {
		var b []byte
		if b, err = view.Get(accr.Via); err == nil {
			var via *ledger.Accreditation
			if via, err = ledger.ParseAccreditation(b); err == nil {
				by = via.Subject
			}
		}
	}
	if err == nil {
		s.add("by-name", Text, names(by))
	} else if !errors.Is(err, ledger.ErrAbsent) {
		return err
	}
	s.add("by", Agency, accr.Accreditor)
	return nil
}

// names are an agency's names in both languages.
func names(s ledger.Subject) string { return s.Name.Chinese + " / " + s.Name.English }

// agencyOf returns the agency in the key of an accreditation.
func agencyOf(key string) string {
	did, _, _ := strings.Cut(strings.TrimPrefix(key, ledger.PrefixAccreditation), "/")
	return did
}

// reasonWord returns the word for why an accreditation does not count.
func reasonWord(reason error) string {
	for word, err := range map[string]error{
		"suspended": ledger.ErrSuspended, "ended": ledger.ErrEnded, "revoked": ledger.ErrAccreditationRevoked, "not-in-force": ledger.ErrNotInForce,
		"deactivated": ledger.ErrDeactivated,
	} {
		if errors.Is(reason, err) {
			return word
		}
	}
	return "no-chain"
}
