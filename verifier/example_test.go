package verifier_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/verifier"
)

// A counter asks "aged 18 or over, lives in Dongcheng" and learns just that.
func ExampleVerifier_Verify() {
	hufutest.Run(hufutest.Options{}, func(ctx context.Context, c *hufutest.Country) {
		c.UseProver()
		citizen := c.Citizen(c.Adult())
		c.NextEpoch()
		if err := citizen.Refresh(ctx); err != nil {
			fmt.Println(err)
			return
		}

		counter, err := verifier.New(c.CounterConfig(c.Policy(nil)))
		if err != nil {
			fmt.Println(err)
			return
		}
		request, err := counter.NewRequest(ctx, verifier.RequestOptions{})
		if err != nil {
			fmt.Println(err)
			return
		}
		ask, err := citizen.ResolveRequest(ctx, request.Object)
		if err != nil {
			fmt.Println(err)
			return
		}
		answer := c.Present(citizen, ask, hufutest.Proof)

		result, err := counter.Verify(ctx, answer)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, l := range result.Learned {
			fmt.Println("learned:", l.Statement.English)
		}
		for _, w := range result.NeverReceived {
			fmt.Println("never received:", w.Label.English)
		}

		// The wallet sends again, because no reply came.
		if result, err = counter.Verify(ctx, answer); err == nil {
			fmt.Println("sent again:", result.Repeated)
		}
		_, err = counter.Verify(ctx, append(answer, ' '))
		var rejected *verifier.Rejected
		if errors.As(err, &rejected) {
			fmt.Println("another answer, rejected at:", rejected.Check)
		}
	})
	// Output:
	// learned: aged 18 or over, by birth date
	// learned: district is 110101
	// never received: name
	// never received: resident identity number
	// never received: birth date
	// never received: address
	// sent again: true
	// another answer, rejected at: replay
}
