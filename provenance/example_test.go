package provenance_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
)

// A credential is traced to the root of all accreditation, and then the root
// suspends its issuer.
func ExampleVerify() {
	hufutest.Run(hufutest.Options{}, func(ctx context.Context, c *hufutest.Country) {
		sd := c.Forge(c.Adult(), c.Key().Public()).Credential()
		trace := func() error {
			return c.Client(c.Log).Resolve(ctx, func(view *ledger.View) error {
				found, err := provenance.Verify(ctx, provenance.Ledger(view), sd, c.Public, provenance.Options{Now: c.Now()})
				if err == nil {
					fmt.Println("issued for region", found.Region, "by an agency", len(found.Origin.Chain), "step from the root")
				}
				return err
			}, ledger.ResolveOptions{})
		}
		if err := trace(); err != nil {
			fmt.Println(err)
		}
		c.Accredit(c.Office, ledger.ActionIssue, ledger.StateSuspended)
		var failed *provenance.Error
		if errors.As(trace(), &failed) {
			fmt.Println("failed at:", failed.Step)
		}
	})
	// Output:
	// issued for region 110101 by an agency 1 step from the root
	// failed at: accreditation
}
