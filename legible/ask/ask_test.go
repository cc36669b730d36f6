package ask

import "testing"

// TestYesIsAWholeLine: an answer is yes only where all of it says so.
func TestYesIsAWholeLine(t *testing.T) {
	for _, line := range []string{"y\n", " YES \r\n", "是\n", "好\n", "好的\n", "同意\n", "是的", "y"} {
		if !isYes(line) {
			t.Errorf("%q is a yes", line)
		}
	}
	for _, line := range []string{"", "\n", "n\n", "不\n", "不同意\n", "y n\n", "yes, but\n", "好吗\n", "是 不是\n"} {
		if isYes(line) {
			t.Errorf("%q is no yes", line)
		}
	}
}
