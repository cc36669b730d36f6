package limits

import (
	"io"
	"os"
)

// ReadFile reads at most one byte more of a file than a cap allows. The caller's parser
// refuses what is above the cap. The size of a file is not asked for beforehand, because it
// may grow, and a device has none.
func ReadFile(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, most+1))
}
