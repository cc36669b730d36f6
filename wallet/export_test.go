package wallet

import (
	"context"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/zkp"
)

// Pool lists the prepared proofs.
func (w *Wallet) Pool() (out []*zkp.Prepared) {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	for _, list := range w.pool.of {
		out = append(out, list...)
	}
	return out
}

// Disclose shows paths of a credential that no wallet would have received, in answer to
// one query of a request.
func (w *Wallet) Disclose(ctx context.Context, ask *Request, query string, sd *credential.SDJWT, paths ...credential.Path) error {
	keys, err := w.keys.Keys(ctx)
	if err != nil {
		return err
	}
	_, err = w.disclose(ctx, ask, &Part{Query: query, paths: paths}, &holding{sd: sd, keyID: keys[0].ID}, nil)
	return err
}
