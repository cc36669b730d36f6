package agency_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verdict"
)

// TestVerdicts: where an answer did not come, the sentence says that something may
// have been done, whatever kept the answer away.
func TestVerdicts(t *testing.T) {
	entry := &ledger.RefusedError{Kind: ledger.KindDID, Reason: ledger.ErrConflict}
	for name, c := range map[string]struct {
		err     error
		code    verdict.Code
		refused bool
	}{
		"submission":             {fmt.Errorf("row 7: %w", &agency.UncertainError{Err: errLine}), verdict.LedgerUnreachable, false},
		"interrupted submission": {&agency.UncertainError{Err: context.Canceled}, verdict.Interrupted, false},
		"change":                 {fmt.Errorf("%w: %w", agency.ErrPending, errLine), verdict.ChangePending, false},
		"refused change":         {fmt.Errorf("agency: change of the DID: %w", entry), verdict.LedgerConflict, true},
		"no such accreditation":  {agency.ErrNoGrant, verdict.NoSuchGrant, true},
	} {
		if v, known := agency.Verdicts().Classify(c.err); !known || v.Code != c.code || v.Refused != c.refused {
			t.Errorf("%s: %+v, known: %v", name, v, known)
		}
	}
}
