package limits

import (
	"io"
	"os"
)

// ReadFile reads a file up to the first byte above a cap: whoever parses what it returns
// refuses what is longer. A file may be replaced by anything that its name can name.
func ReadFile(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, most+1))
}
