package verifier

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
)

// ErrAuthority means that none of the authorities that the query trusts vouches for the
// issuer.
var ErrAuthority = errors.New("verifier: issuer is under no authority that was asked for")

// checkSources returns ErrConfig for a policy that names a source which is not here.
func (c *Config) checkSources(p *Policy) error {
	for _, name := range p.Sources {
		if c.Sources[name] == nil {
			return fmt.Errorf("%w: policy %q takes issuers of a source that is not here", ErrConfig, p.ID)
		}
	}
	return nil
}

// byLedger reports whether a policy takes issuers of the ledger.
func (p *Policy) byLedger() bool { return p.AccreditedBy != "" || len(p.Issuers) > 0 }

// onLedger reports whether an answer is judged under a checkpoint: where the policy takes
// no issuer of the ledger, nothing there has a say.
func (a *answer) onLedger() bool {
	return a.policy.byLedger() || a.result.Format == openid.FormatSDJWTZK
}

// sources are those that the policy takes. view is nil where it takes no ledger.
func (v *Verifier) sources(p *Policy, view *ledger.View) (provenance.Source, error) {
	if err := v.cfg.checkSources(p); err != nil { // a policy of an earlier configuration
		return nil, &Unchecked{CheckPolicy, err}
	}
	if len(p.Sources) == 0 {
		return provenance.Ledger(view), nil
	}
	all := provenance.Sources{provenance.OffLedger(v.cfg.Ledger.Trust().RootDID)}
	if view != nil && p.byLedger() {
		all = provenance.Sources{provenance.Ledger(view)}
	}
	for _, name := range p.Sources {
		all = append(all, v.cfg.Sources[name])
	}
	return all, nil
}

// underAuthority repeats the query's trusted_authorities on who vouched.
func underAuthority(q *openid.CredentialQuery, origin *provenance.Origin) error {
	var keys [][]byte
	if origin.Path != nil {
		keys = origin.Path.AuthorityKeys()
	}
	var agencies []string
	if strings.HasPrefix(origin.ID, "did:hufu:") && origin.Evidence != nil {
		agencies = append(agencies, origin.ID)
		for _, a := range origin.Chain {
			agencies = append(agencies, a.Accreditor)
		}
	}
	if !q.Trusts(keys, agencies) {
		return ErrAuthority
	}
	return nil
}
