package sqlitestore

import "testing"

// TestAfterPrefix: the end of a range of keys.
func TestAfterPrefix(t *testing.T) {
	for prefix, want := range map[string]string{"": "", "a": "b", "a\xff": "b", "\xff\xff": "", "ab\xff\xff": "ac"} {
		if got := afterPrefix([]byte(prefix)); string(got) != want {
			t.Errorf("%q: %q", prefix, got)
		}
	}
}
