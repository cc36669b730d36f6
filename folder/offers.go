package folder

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Offers is a folder with the offers that a desk made from one table, to be handed out.
// A file is named by the row of the table: offer-001.json, and beside it what is drawn of
// it, such as offer-001.png.
type Offers string

// NewOffers makes the folder. The error is an [*Error] with [ErrExists] where it holds
// offers already, or with [ErrUnwritable].
func NewOffers(dir string) (Offers, error) {
	if err := makeFolder(dir); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", &Error{dir, ErrUnwritable, err}
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "offer-") {
			return "", &Error{filepath.Join(dir, e.Name()), ErrExists, nil}
		}
	}
	return Offers(dir), CheckFree(Offers(dir).path(0, ".json"))
}

// Write writes the file of a row with an extension such as ".json". Errors are those of
// [WriteFile].
func (o Offers) Write(row int, ext string, b []byte) error { return WriteFile(o.path(row, ext), b) }

func (o Offers) path(row int, ext string) string {
	return filepath.Join(string(o), fmt.Sprintf("offer-%03d%s", row, ext))
}

// RemoveEmpty removes the folder if nothing is in it.
func (o Offers) RemoveEmpty() { _ = os.Remove(string(o)) }
