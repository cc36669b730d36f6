package sqlitelog

import (
	"bytes"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// formatNote writes a note (C2SP signed-note) with signatures that are at hand.
func formatNote(text string, signatures []note.Signature) []byte {
	var b bytes.Buffer
	b.WriteString(text)
	b.WriteString("\n")
	for _, sig := range signatures {
		fmt.Fprintf(&b, "— %s %s\n", sig.Name, sig.Base64)
	}
	return b.Bytes()
}
