package ledgertest

import (
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/ledger"
)

// pays is the agency that puts an object on the ledger; who admits a DID pays for that.
func pays(object ledger.Object) string {
	switch o := object.(type) {
	case *ledger.Anchor:
		return o.Agency
	case *ledger.Audit:
		return o.Agency
	case *ledger.KeyFile:
		return o.Agency
	case *ledger.Status:
		return o.Issuer
	case *ledger.Rule:
		return o.Owner
	case *ledger.Accreditation:
		return o.Accreditor
	case *ledger.Purpose:
		return o.Regulator
	}
	return ""
}

// charge counts what an agency puts on the ledger.
func (p *play) charge(agency string, size int) {
	if agency == "" || agency == p.root.did {
		return
	}
	name := fmt.Sprint(agency, " ", ledger.Day(p.Now()))
	if p.spent[name] += uint64(size); p.spent[name] > p.AgencyBudget {
		p.Errorf("an agency put %d bytes on the ledger in a day, %d may be", p.spent[name], p.AgencyBudget)
	}
}

// sponsor countersigns a newcomer: the root mostly, now and then nobody does.
func (p *play) sponsor() *party {
	switch {
	case p.honest || len(p.parties) < 4 || p.chance(60):
		return p.root
	case p.chance(30):
		return nil
	}
	return p.someone()
}

// mayAdmit reports whether a party is an agency, as far as the model knows.
func (p *play) mayAdmit(q *party) bool {
	return q == p.root || q != nil && slices.ContainsFunc(p.given.all, func(a *ledger.Accreditation) bool {
		return a.Agency == q.did && a.State != ledger.StateRevoked
	})
}
