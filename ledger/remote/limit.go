package remote

import (
	"time"

	"github.com/hufu-id/hufu/internal/httpserve"
)

// errBusy says that too many others read at the moment.
var errBusy = httpserve.ErrBusy

const (
	// readWaiting is how many reads of a kind may wait for a place. Others are refused.
	readWaiting = 64
	// readPatience is how long one waits.
	readPatience = 2 * time.Second
)

// newLimiter makes places for one kind of request.
func newLimiter(places int) *httpserve.Limiter {
	return httpserve.NewLimiter(places, readWaiting, readPatience)
}
