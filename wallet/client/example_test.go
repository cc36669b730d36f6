package client_test

import (
	"context"
	"fmt"

	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
)

// A wallet takes up an offer that came as a link, once its owner has agreed.
func Example() {
	receive := func(ctx context.Context, w *wallet.Wallet, link, code string, agrees func(*client.Offer) bool) (*client.Result, error) {
		c, err := client.New(client.Config{Wallet: w})
		if err != nil {
			return nil, err
		}
		offer, err := c.Offer(ctx, link)
		if err != nil || !agrees(offer) {
			return nil, err
		}
		return c.Receive(ctx, offer, client.ReceiveOptions{TxCode: code})
	}
	_, err := receive(context.Background(), nil, "openid-credential-offer://?credential_offer=…", "493536", nil)
	fmt.Println(err)
	// Output: wallet/client: incomplete configuration: no wallet
}
