package budget_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/budget"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
)

type offline struct{}

func (offline) Submit(context.Context, ...*ledger.SignedOperation) (*ledger.Receipt, error) {
	return nil, errors.New("no line")
}

// TestTableBudget: a table of nothing but wrong rows takes a row's work for each, and a
// table above the cap is not read on.
func TestTableBudget(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	cfg := c.DeskConfig(c.Office)
	cfg.Ledger = offline{}
	header := hufutest.Header + "\n"
	columns := bytes.Count([]byte(header), []byte(","))
	wrong := append(bytes.Repeat([]byte(","), columns), "x\n"...)
	rows := func(row []byte, size int) []byte {
		return append([]byte(header), bytes.Repeat(row, (size-len(header))/len(row))...)
	}
	take := func(table []byte) (uint64, error) {
		cfg := cfg
		cfg.Store = vault.NewMemoryStore()
		desk, err := issuer.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return budget.Bytes(func() { _, _, err = desk.Import(t.Context(), bytes.NewReader(table), issuer.ImportOptions{}) }), err
	}
	for name, row := range map[string][]byte{
		"wrong rows": wrong, "blank rows": append(bytes.Repeat([]byte(","), columns), '\n'), "no rows": []byte("\n"), "one cell": []byte(`"`), "separators": []byte(","),
		"quotes": []byte("\"\"" + string(wrong)), "lines in a cell": []byte("\"\n\n\n\"" + string(wrong)), "composed text": []byte("\u00e9" + string(wrong)),
	} {
		const half = 128 << 10
		short, _ := take(rows(row, half))
		long, err := take(rows(row, 2*half))
		t.Logf("%s: %.1f bytes for each (%v)", name, float64(long)/(2*half), err)
		if long > 512*2*half || long > short*5/2+1<<20 {
			t.Errorf("%s: %d bytes were allocated, and %d for half the table", name, long, short)
		}
	}
	if n, err := take(append([]byte(header), bytes.Repeat(wrong, limits.CSVRows+1)...)); !errors.Is(err, issuer.ErrTable) || n > 64*limits.CSV {
		t.Errorf("a table of too many rows: %d bytes were allocated (%v)", n, err)
	}
	if n, err := take(make([]byte, limits.CSV+2)); err == nil || n > 6*limits.CSV {
		t.Errorf("a table above the cap: %d bytes were allocated (%v)", n, err)
	}
}
