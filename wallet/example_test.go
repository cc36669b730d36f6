package wallet_test

import (
	"context"
	"fmt"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
)

// A library asks; the citizen reads what would be told and what would not, and
// consents to the proof.
func ExampleWallet_Present() {
	hufutest.Run(hufutest.Options{}, func(ctx context.Context, c *hufutest.Country) {
		c.UseProver()
		citizen := c.Citizen(c.Adult())
		c.NextEpoch()
		// While the app is open, and never on request.
		if _, err := citizen.Prepare(ctx, 1); err != nil {
			fmt.Println(err)
			return
		}
		library := c.Counter(c.Policy(nil))
		request, err := library.NewRequest(ctx, verifier.RequestOptions{})
		if err != nil {
			fmt.Println(err)
			return
		}

		ask, err := citizen.ResolveRequest(ctx, request.Object)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("purpose:", ask.Purpose.Text.EN)
		for i, choice := range ask.Choices {
			fmt.Printf("choice %d:\n", i)
			for _, s := range choice.Parts[0].Proves {
				fmt.Println("  proves:", s.English)
			}
			for _, l := range choice.Parts[0].Reveals {
				fmt.Println("  reveals:", l.English)
			}
			fmt.Println("  withholds", len(choice.Parts[0].Withholds), "claims")
		}

		presented, err := citizen.Present(ctx, ask, wallet.Consent{Choice: 0})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("leaves as", presented.Bytes, "characters")
	})
	// Output:
	// purpose: Issue a library card to adults of the district
	// choice 0:
	//   proves: aged 18 or over, by birth date
	//   proves: district is 110101
	//   withholds 4 claims
	// choice 1:
	//   reveals: birth date
	//   reveals: district
	//   withholds 3 claims
	// leaves as 440 characters
}
