package predicate

import (
	"fmt"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/zkp"
)

// ClaimBinding is the claim that states the day on which the holder's secret was
// bound, written as 2006-01-02. Every credential has it, selectively disclosable,
// and it takes the slot [zkp.BindingSlot]. It stays the same when a credential is
// renewed. A person whose secret was lost is bound anew, under a later day. So a
// once-only event asks for people bound before it opened: nobody answers twice by
// being bound again.
const ClaimBinding = "hufu_binding"

var bindingSlot = zkp.BindingSlot

// bindingClaim describes ClaimBinding as a schema would.
var bindingClaim = &credential.SchemaClaim{
	Path: credential.Path{ClaimBinding}, Type: credential.TypeDate, Slot: &bindingSlot,
	Label: credential.Label{English: "the day on which the wallet was bound to the person", Chinese: "钱包与本人绑定之日"},
}

func isBinding(path credential.Path) bool { return len(path) == 1 && path[0] == ClaimBinding }

// BoundBy returns the last day on which a query accepts that the holder was bound.
// ok is false if the query would accept any day.
func BoundBy(query *openid.CredentialQuery) (last zkp.Day, ok bool) {
	if query.Accept.Need(len(query.Predicates)) < len(query.Predicates) {
		return 0, false
	}
	for i := range query.Predicates {
		p := &query.Predicates[i]
		text, dated := p.Max.(string)
		if !isBinding(p.Path) || p.Op != openid.OpRange || !dated {
			continue
		}
		if day, err := zkp.ParseDay(text); err == nil && (!ok || day < last) {
			last, ok = day, true
		}
	}
	return last, ok
}

// checkBinding keeps a query from narrowing the binding day down, which would set
// people apart: it is bounded from above, or revealed under its own consent.
func checkBinding(p *openid.Predicate) error {
	if isBinding(p.Path) && (p.Op != openid.OpRange || p.Min != nil) && p.Op != openid.OpReveal {
		return fmt.Errorf("%w: %s of %s: a range with max alone, or reveal", ErrUnsupported, p.Op, p.Path)
	}
	return nil
}
