package status_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hufu-id/hufu/status"
)

// TestNumbersOfAStatusToken: ttl is "a positive number", iat and exp are NumericDates.
func TestNumbersOfAStatusToken(t *testing.T) {
	key := newKey(t)
	for name, claims := range map[string]string{
		"ttl 43200.0": fmt.Sprintf(`"iat":%d,"exp":%d,"ttl":43200.0`, now.Unix(), now.Add(time.Hour).Unix()),
		"ttl 4.32e4":  fmt.Sprintf(`"iat":%d,"exp":%d,"ttl":4.32e4`, now.Unix(), now.Add(time.Hour).Unix()),
		"iat .0":      fmt.Sprintf(`"iat":%d.0,"exp":%d.5`, now.Unix(), now.Add(time.Hour).Unix()),
	} {
		raw := handmade(t, key, "statuslist+jwt", fmt.Sprintf(`{"sub":%q,%s,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}`, uri, claims))
		if _, err := status.Parse(raw, status.ParseOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
