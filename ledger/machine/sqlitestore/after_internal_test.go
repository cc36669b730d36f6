package sqlitestore

import "testing"

// TestAfter: the end of a range of keys.
func TestAfter(t *testing.T) {
	for prefix, want := range map[string]string{"": "", "a": "b", "a\xff": "b", "\xff\xff": "", "ab\xff\xff": "ac"} {
		if got := after([]byte(prefix)); string(got) != want {
			t.Errorf("%q: %q", prefix, got)
		}
	}
}
