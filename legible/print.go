package legible

import (
	"fmt"
	"io"
)

// Fprintf writes as fmt.Fprintf does, with every value but numbers and truth values as
// [Escape] shows it: text of strangers moves nothing, and adds no line. The format is
// our own.
func Fprintf(w io.Writer, format string, values ...any) (int, error) {
	return fmt.Fprintf(w, format, escapeAll(values)...)
}

// Fprintln writes as fmt.Fprintln does, with values as in [Fprintf].
func Fprintln(w io.Writer, values ...any) (int, error) {
	return fmt.Fprintln(w, escapeAll(values)...)
}

func escapeAll(values []any) []any {
	out := make([]any, len(values))
	for i, v := range values {
		switch v.(type) {
		case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
			out[i] = v
		default:
			out[i] = Escape(fmt.Sprint(v))
		}
	}
	return out
}
