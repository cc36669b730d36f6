package issuer_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// A desk reads a table. The right row becomes an offer; the others are refused
// by row and reason, and no value of theirs is repeated.
func ExampleDesk_Import() {
	const table = `name,resident_id,birthdate,district,address
陈静怡,110101199005170016,1990-05-17,110101,景山前街4号
郑海,110101196603080085,1966-03-08,110101,交道口南大街6号
陈静怡,110101199005170016,1990-05-17,110101,景山前街4号
`
	hufutest.Run(hufutest.Options{}, func(ctx context.Context, c *hufutest.Country) {
		offers, refused, err := c.Desk.Import(ctx, strings.NewReader(table), issuer.ImportOptions{})
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, o := range offers {
			fmt.Printf("row %d: an offer with a single-use code\n", o.Row)
		}
		for _, r := range refused {
			fmt.Printf("row %d: %s: %s\n", r.Row, r.Claim, r.Reason)
		}
	})
	// Output:
	// row 1: an offer with a single-use code
	// row 2: resident_id: check-digit
	// row 3: resident_id: duplicate
}
