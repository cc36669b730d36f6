package strictjson_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hufu-id/hufu/internal/strictjson"
)

// TestDates: one second has several spellings (RFC 8259, RFC 7519 section 2).
func TestDates(t *testing.T) {
	for text, want := range map[string][2]int64{
		"1893456000": {1893456000, 1893456000}, "1893456000.0": {1893456000, 1893456000}, "1.893456e9": {1893456000, 1893456000},
		"1893456E3": {1893456000, 1893456000}, "1893456000.5": {1893456001, 1893456000}, "-0.5": {0, -1}, "0e99999999999999999999": {0, 0},
	} {
		var got struct {
			From strictjson.Since `json:"from"`
			To   strictjson.Until `json:"to"`
			Any  any              `json:"any"`
		}
		if err := strictjson.Read(fmt.Appendf(nil, `{"from":%s,"to":%[1]s,"any":%[1]s}`, text), limit, &got); err != nil || [2]int64{int64(got.From), int64(got.To)} != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		since, _ := strictjson.SinceOf(got.Any)
		until, _ := strictjson.UntilOf(got.Any)
		if since != want[0] || until != want[1] {
			t.Errorf("%s through any: %d, %d", text, since, until)
		}
	}
	for _, text := range []string{`"1893456000"`, `null`, `1e300`, `9223372036854775808`, `1e99999999999999999999`} {
		var got struct {
			From strictjson.Since `json:"from"`
		}
		if err := strictjson.Read([]byte(`{"from":`+text+`}`), limit, &got); !errors.Is(err, strictjson.ErrShape) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

// TestIntegersThroughAny: [0, 2^63) digit for digit.
func TestIntegersThroughAny(t *testing.T) {
	for _, n := range []string{"0", "9007199254740993", "9223372036854775807"} {
		for _, options := range [][]strictjson.Option{nil, {strictjson.AllowUnknown}} {
			var got map[string]any
			if err := strictjson.Read([]byte(`{"n":`+n+`,"l":[{"n":`+n+`}]}`), limit, &got, options...); err != nil || fmt.Sprint(got) != "map[l:[map[n:"+n+"]] n:"+n+"]" {
				t.Errorf("%s: %v, %v", n, got, err)
			}
		}
	}
}
