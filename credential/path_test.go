package credential_test

import (
	"reflect"
	"testing"

	"github.com/hufu-id/hufu/credential"
)

// TestSelectKeepsPathsApart: each path that was yielded selects its own value alone, also
// after its siblings were yielded and somebody appended to it.
func TestSelectKeepsPathsApart(t *testing.T) {
	row := func(of string) any {
		return map[string]any{"a": []any{of + "0", of + "1", map[string]any{"b": of}}}
	}
	claims := map[string]any{"rows": []any{row("x"), row("y"), row("z")}}
	for _, p := range []credential.Path{{"rows", nil, "a", nil}, {"rows", nil, "a", 2, "b"}, {"rows", 1, "a", nil}, {"rows", nil}} {
		var paths []credential.Path
		var values []any
		for at, value := range p.Select(claims) {
			_ = append(at, "spoilt")
			paths, values = append(paths, at), append(values, value)
		}
		if len(paths) == 0 {
			t.Errorf("%s selects nothing", p)
		}
		for i, at := range paths {
			if got := at.Values(claims); len(got) != 1 || !reflect.DeepEqual(got[0], values[i]) {
				t.Errorf("%s: path %d, %s, selects %v and not %v", p, i, at, got, values[i])
			}
		}
	}
	for range (credential.Path{"rows", nil, "a", nil}).Select(claims) {
		break // whoever has seen enough is asked no more
	}
}
