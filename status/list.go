package status

import (
	"bytes"
	"compress/zlib"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"

	"github.com/hufu-id/hufu/internal/limits"
)

// A Status is the value of one entry (section 7.1).
type Status uint8

// Status values with the same meaning for every issuer. Each issuer defines the
// others.
const (
	Valid     Status = 0
	Invalid   Status = 1
	Suspended Status = 2
)

// String returns the name of the status, or "status" and its number.
func (s Status) String() string {
	switch s {
	case Valid:
		return "valid"
	case Invalid:
		return "invalid"
	case Suspended:
		return "suspended"
	}
	return "status " + strconv.Itoa(int(s))
}

// Err returns nil for Valid, [ErrRevoked] for Invalid, [ErrSuspended] for
// Suspended, and [ErrUnknownStatus] for every other status.
func (s Status) Err() error {
	switch s {
	case Valid:
		return nil
	case Invalid:
		return ErrRevoked
	case Suspended:
		return ErrSuspended
	}
	return ErrUnknownStatus
}

// A List is a status list in memory. It is not safe for concurrent use while a
// goroutine calls Set.
type List struct {
	bits int
	data []byte
}

// New makes a list of size entries, all Valid, with 1, 2, 4 or 8 bits each. It
// rounds the size up to whole bytes. Errors: [ErrForm] for another number of
// bits or a size below one, [ErrTooLarge] above limits.StatusList bytes.
func New(bits, size int) (*List, error) {
	if !validBits(bits) || size < 1 {
		return nil, fmt.Errorf("%w: %d entries of %d bits", ErrForm, size, bits)
	}
	perByte := 8 / bits
	length := (size-1)/perByte + 1
	if length > limits.StatusList {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, limits.StatusList)
	}
	return &List{bits: bits, data: make([]byte, length)}, nil
}

func validBits(bits int) bool { return bits == 1 || bits == 2 || bits == 4 || bits == 8 }

// Clone returns a copy that Set on the list does not change.
func (l *List) Clone() *List { return &List{bits: l.bits, data: bytes.Clone(l.data)} }

// Bits returns the width of one entry: 1, 2, 4 or 8.
func (l *List) Bits() int { return l.bits }

// Size returns the number of entries.
func (l *List) Size() int { return len(l.data) * (8 / l.bits) }

// Get returns the status at index. The error is [ErrIndex].
func (l *List) Get(index int) (Status, error) {
	if index < 0 || index >= l.Size() {
		return 0, ErrIndex
	}
	at, shift := l.position(index)
	return Status(l.data[at]>>shift) & l.mask(), nil
}

// Set changes the status at index. Errors: [ErrIndex], [ErrValue].
func (l *List) Set(index int, status Status) error {
	if index < 0 || index >= l.Size() {
		return ErrIndex
	}
	if status > l.mask() {
		return ErrValue
	}
	at, shift := l.position(index)
	l.data[at] = l.data[at]&^(byte(l.mask())<<shift) | byte(status)<<shift
	return nil
}

func (l *List) mask() Status { return Status(1<<l.bits - 1) }

func (l *List) position(index int) (at, shift int) {
	perByte := 8 / l.bits
	return index / perByte, index % perByte * l.bits
}

// rootDomain separates the root of a list from a hash of anything else.
const rootDomain = "hufu/status/1\x00"

// Root returns SHA-256("hufu/status/1" ‖ 0x00 ‖ bits ‖ list): the width of an
// entry in one byte, then the uncompressed list. The same bytes with another
// width would be other statuses. Compression does not change the root. The ledger
// records it.
func (l *List) Root() [32]byte {
	return sha256.Sum256(append(append([]byte(rootDomain), byte(l.bits)), l.data...))
}

// deflate returns the claim lst: what compress returns, in base64url.
func (l *List) deflate() (string, error) {
	compressed, err := l.compress()
	return base64.RawURLEncoding.EncodeToString(compressed), err
}

// compress returns the list in zlib at the highest level.
func (l *List) compress() ([]byte, error) {
	var buffer bytes.Buffer
	writer, err := zlib.NewWriterLevel(&buffer, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(l.data); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// inflate reads the claim lst; no other function does.
func inflate(bits int, lst string) (*List, error) {
	if strings.ContainsAny(lst, "\r\n") {
		return nil, fmt.Errorf("%w: lst is not canonical base64url", ErrForm)
	}
	compressed, err := base64.RawURLEncoding.Strict().DecodeString(lst)
	if err != nil {
		return nil, fmt.Errorf("%w: lst is not canonical base64url", ErrForm)
	}
	return inflateBytes(bits, compressed)
}

// inflateBytes never holds more than limits.StatusList+1 bytes of output, whatever the input
// declares.
func inflateBytes(bits int, compressed []byte) (*List, error) {
	if !validBits(bits) {
		return nil, fmt.Errorf("%w: entries of %d bits", ErrForm, bits)
	}
	source := bytes.NewReader(compressed)
	reader, err := zlib.NewReader(source)
	if err != nil {
		return nil, fmt.Errorf("%w: lst is not zlib", ErrForm)
	}
	data, err := io.ReadAll(io.LimitReader(reader, limits.StatusList+1))
	if err != nil {
		return nil, fmt.Errorf("%w: lst is not zlib", ErrForm)
	}
	if len(data) > limits.StatusList {
		return nil, fmt.Errorf("%w: inflates above %d bytes", ErrTooLarge, limits.StatusList)
	}
	if len(data) == 0 || source.Len() != 0 {
		return nil, fmt.Errorf("%w: lst is empty or has data after its end", ErrForm)
	}
	return &List{bits: bits, data: data}, nil
}

// drawsBeforeScan bounds the number of draws. In a list that is 95 per cent
// full, 128 draws all fail with a chance of one in 700.
const drawsBeforeScan = 128

// Allocate draws an unused index of a list of size entries. Each unused index
// has the same chance, so that an index does not show when or for whom it was
// issued. The caller marks the index as used in the same transaction. The error
// is [ErrFull].
func Allocate(size int, used func(index int) bool) (int, error) {
	if size < 1 {
		return 0, ErrFull
	}
	for range drawsBeforeScan {
		index, err := draw(size)
		if err != nil {
			return 0, err
		}
		if !used(index) {
			return index, nil
		}
	}
	var free []int
	for index := range size {
		if !used(index) {
			free = append(free, index)
		}
	}
	if len(free) == 0 {
		return 0, ErrFull
	}
	index, err := draw(len(free))
	if err != nil {
		return 0, err
	}
	return free[index], nil
}

// Decoys marks n unused entries as Invalid and returns their indices, so that the number of
// revoked entries does not tell how many credentials were revoked (section 12.5). The caller
// marks them as used, in the same transaction: they are never given to a credential. Errors:
// [ErrFull].
func (l *List) Decoys(n int, used func(index int) bool) ([]int, error) {
	taken := map[int]bool{}
	var made []int
	for range n {
		index, err := Allocate(l.Size(), func(i int) bool { return taken[i] || used(i) })
		if err != nil {
			return nil, err
		}
		taken[index], made = true, append(made, index)
	}
	for _, index := range made {
		if err := l.Set(index, Invalid); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func draw(below int) (int, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(below)))
	if err != nil {
		return 0, err
	}
	return int(n.Int64()), nil
}
