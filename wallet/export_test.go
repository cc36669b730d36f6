package wallet

import "github.com/hufu-id/hufu/zkp"

// Pool lists the prepared proofs.
func (w *Wallet) Pool() (out []*zkp.Prepared) {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	for _, list := range w.pool.of {
		out = append(out, list...)
	}
	return out
}
