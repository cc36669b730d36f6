package provenance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
)

// ErrUnknown means that a source knows no agency of this name or with this chain. It says
// nothing against the agency but that nobody whom the reader trusts vouches for it.
var ErrUnknown = errors.New("provenance: nobody who is trusted here vouches for it")

// UnknownError means that no source knows who signed. It has the reason of each.
type UnknownError struct{ Refusals []Refusal }

// Refusal is why one source does not know an agency.
type Refusal struct {
	// Anchor names what the agency was held against.
	Anchor string
	Err    error
}

func (e *UnknownError) Error() string { return ErrUnknown.Error() }

// Unwrap returns [ErrUnknown] and every reason.
func (e *UnknownError) Unwrap() []error {
	all := []error{ErrUnknown}
	for _, r := range e.Refusals {
		all = append(all, r.Err)
	}
	return all
}

// Sources asks several sources in their order. A source that names an agency decides on it
// alone; else the first that knows it does. What no source knows is refused with an
// [*UnknownError]. An empty list knows nobody.
type Sources []Source

// Anchor names all anchors.
func (s Sources) Anchor() string {
	names := make([]string, len(s))
	for i, source := range s {
		names[i] = source.Anchor()
	}
	return strings.Join(names, "; ")
}

// Names reports whether one of the sources decides alone.
func (s Sources) Names(id string) bool { return s.named(id) != nil }

func (s Sources) named(id string) Source {
	for _, source := range s {
		if id != "" && source.Names(id) {
			return source
		}
	}
	return nil
}

// Identify implements [Source].
func (s Sources) Identify(ctx context.Context, m Message) (*Origin, error) {
	m = m.times()
	asked := []Source(s)
	if one := s.named(m.ID); one != nil {
		asked = []Source{one}
	}
	unknown := &UnknownError{}
	for _, source := range asked {
		if ledger, ok := source.(Committed); ok && !ledger.Names(m.ID) {
			unknown.Refusals = append(unknown.Refusals, Refusal{source.Anchor(), fmt.Errorf("%w: it is no agency of the ledger", ErrUnknown)})
			continue
		}
		origin, err := source.Identify(ctx, m)
		if err == nil {
			if origin.by == nil {
				origin.by = source
			}
			return origin, nil
		}
		if !errors.Is(err, ErrUnknown) {
			return nil, err
		}
		unknown.Refusals = append(unknown.Refusals, Refusal{source.Anchor(), err})
	}
	return nil, unknown
}

// OffLedger stands for a ledger whose root agency is known, and which was not asked: it
// refuses what is no agency of the ledger, and decides on nobody. It belongs in the Sources
// for messages that name no DID of the ledger, so that a refusal names the root, too.
func OffLedger(root string) Source { return offLedger{root} }

type offLedger struct{ root string }

func (o offLedger) Anchor() string    { return o.root }
func (o offLedger) Names(string) bool { return false }

func (o offLedger) Identify(context.Context, Message) (*Origin, error) {
	return nil, fmt.Errorf("%w: it is no agency of the ledger", ErrUnknown)
}

func (o offLedger) Vouch(context.Context, *Origin, Deed) ([]ledger.Accreditation, error) {
	return nil, ErrUnknown
}

func (o offLedger) ListKey(context.Context, *Origin, did.Header, time.Time) (did.Key, error) {
	return did.Key{}, ErrUnknown
}

// decided is the source that identified an agency: one of several, or the only one.
func decided(source Source, origin *Origin) Source {
	if origin != nil && origin.by != nil {
		return origin.by
	}
	return source
}

// Vouch implements [Source].
func (s Sources) Vouch(ctx context.Context, origin *Origin, deed Deed) ([]ledger.Accreditation, error) {
	if origin.by == nil {
		return nil, ErrUnknown
	}
	return origin.by.Vouch(ctx, origin, deed)
}

// ListKey implements [Source].
func (s Sources) ListKey(ctx context.Context, origin *Origin, header did.Header, now time.Time) (did.Key, error) {
	if origin.by == nil {
		return did.Key{}, ErrUnknown
	}
	return origin.by.ListKey(ctx, origin, header, now)
}

// committed is the source that decides on an issuer of this name, if it is one of hashes.
func committed(source Source, id string) (Committed, bool) {
	if all, several := source.(Sources); several {
		source = all.named(id)
	}
	c, ok := source.(Committed)
	return c, ok
}
