package status_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/vectors"
	"github.com/hufu-id/hufu/status"
)

func TestListBits(t *testing.T) {
	for _, bits := range []int{1, 2, 4, 8} {
		list, err := status.New(bits, 20)
		if err != nil {
			t.Fatal(err)
		}
		if list.Bits() != bits || list.Size() < 20 || list.Size()%(8/bits) != 0 {
			t.Errorf("%d bits: size %d", bits, list.Size())
		}
		most := status.Status(1<<bits - 1)
		for index := range list.Size() {
			if err := list.Set(index, status.Status(index)&most); err != nil {
				t.Fatal(err)
			}
		}
		if err := list.Set(3, most); err != nil {
			t.Fatal(err)
		}
		if err := list.Set(3, 0); err != nil {
			t.Fatal(err)
		}
		for index := range list.Size() {
			want := status.Status(index) & most
			if index == 3 {
				want = 0
			}
			if got, err := list.Get(index); err != nil || got != want {
				t.Errorf("%d bits, index %d: %v (%v), want %v", bits, index, got, err, want)
			}
		}
		if bits < 8 {
			if err := list.Set(0, most+1); !errors.Is(err, status.ErrValue) {
				t.Errorf("%d bits: %v", bits, err)
			}
		}
		for _, index := range []int{-1, list.Size()} {
			if _, err := list.Get(index); !errors.Is(err, status.ErrIndex) {
				t.Errorf("Get(%d): %v", index, err)
			}
			if err := list.Set(index, 0); !errors.Is(err, status.ErrIndex) {
				t.Errorf("Set(%d): %v", index, err)
			}
		}
	}
}

func TestNewRefused(t *testing.T) {
	for _, c := range []struct {
		bits, size int
		want       error
	}{
		{0, 8, status.ErrForm}, {3, 8, status.ErrForm}, {16, 8, status.ErrForm}, {-1, 8, status.ErrForm},
		{1, 0, status.ErrForm}, {1, -8, status.ErrForm},
		{8, limits.StatusList, nil}, {8, limits.StatusList + 1, status.ErrTooLarge}, {1, 1 << 40, status.ErrTooLarge},
	} {
		if _, err := status.New(c.bits, c.size); !errors.Is(err, c.want) {
			t.Errorf("New(%d, %d): %v, want %v", c.bits, c.size, err, c.want)
		}
	}
}

func TestRootIgnoresCompression(t *testing.T) {
	list, err := status.ParseList([]byte(object(1, deflated(t, []byte{0xb9, 0xa3}, zlib.NoCompression))))
	if err != nil {
		t.Fatal(err)
	}
	other, err := status.ParseList([]byte(object(1, deflated(t, []byte{0xb9, 0xa3}, zlib.BestCompression))))
	if err != nil {
		t.Fatal(err)
	}
	root := list.Root()
	if root != other.Root() || hex.EncodeToString(root[:4]) != "135b7383" {
		t.Errorf("root %x, other %x", root, other.Root())
	}
}

// TestRootCoversTheWidth: in the same bytes with another width a revoked entry
// reads valid.
func TestRootCoversTheWidth(t *testing.T) {
	roots := map[[32]byte]int{}
	for _, bits := range []int{1, 2, 4, 8} {
		list, err := status.ParseList([]byte(object(bits, deflated(t, []byte{0b10, 0}, zlib.BestCompression))))
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := roots[list.Root()]; twice {
			t.Errorf("one root with %d and %d bits", other, bits)
		}
		roots[list.Root()] = bits
	}
	longer, err := status.ParseList([]byte(object(1, deflated(t, []byte{0b10, 0, 0}, zlib.BestCompression))))
	if err != nil {
		t.Fatal(err)
	}
	if _, twice := roots[longer.Root()]; twice {
		t.Error("one root with another size")
	}
}

func deflated(t testing.TB, data []byte, level int) string {
	t.Helper()
	var buffer bytes.Buffer
	writer, err := zlib.NewWriterLevel(&buffer, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(buffer.Bytes())
}

func object(bits int, lst string) string { return fmt.Sprintf(`{"bits":%d,"lst":%q}`, bits, lst) }

func TestParseListRefused(t *testing.T) {
	good := deflated(t, []byte{0xb9, 0xa3}, zlib.BestCompression)
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(raw)
	flipped[len(flipped)-1] ^= 1
	encode := base64.RawURLEncoding.EncodeToString
	bomb := deflated(t, make([]byte, limits.StatusList+1), zlib.BestCompression)
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"good":             {object(1, good), nil},
		"with aggregation": {`{"bits":1,"lst":"` + good + `","aggregation_uri":"https://a.example"}`, nil},
		"largest":          {object(1, deflated(t, make([]byte, limits.StatusList), zlib.BestCompression)), nil},
		"bomb":             {object(1, bomb), status.ErrTooLarge},
		"3 bits":           {object(3, good), status.ErrForm},
		"no bits":          {`{"lst":"` + good + `"}`, status.ErrForm},
		"bits a string":    {`{"bits":"1","lst":"` + good + `"}`, status.ErrForm},
		"bits a fraction":  {`{"bits":1.5,"lst":"` + good + `"}`, status.ErrForm},
		"bits twice":       {`{"bits":1,"bits":2,"lst":"` + good + `"}`, status.ErrForm},
		"bits folded":      {`{"bits":1,"Bits":2,"lst":"` + good + `"}`, status.ErrForm},
		"trailing object":  {object(1, good) + "{}", status.ErrForm},
		"padded":           {object(1, good+"="), status.ErrForm},
		"line break":       {`{"bits":1,"lst":"` + good[:4] + `\n` + good[4:] + `"}`, status.ErrForm},
		"unused bits":      {object(1, "eNrbuRgAAhcBXR"), status.ErrForm},
		"data after zlib":  {object(1, encode(append(bytes.Clone(raw), 0))), status.ErrForm},
		"checksum":         {object(1, encode(flipped)), status.ErrForm},
		"cut":              {object(1, encode(raw[:len(raw)-4])), status.ErrForm},
		"not zlib":         {object(1, encode([]byte("plain text"))), status.ErrForm},
		"empty list":       {object(1, deflated(t, nil, zlib.BestCompression)), status.ErrForm},
		"no list":          {`{"bits":1}`, status.ErrForm},
		"too large":        {strings.Repeat(" ", limits.StatusToken+1), status.ErrTooLarge},
	} {
		if _, err := status.ParseList([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestAllocate(t *testing.T) {
	taken := map[int]bool{}
	used := func(index int) bool { return taken[index] }
	for range 64 {
		index, err := status.Allocate(64, used)
		if err != nil || index < 0 || index >= 64 || taken[index] {
			t.Fatalf("index %d (%v)", index, err)
		}
		taken[index] = true
	}
	if _, err := status.Allocate(64, used); !errors.Is(err, status.ErrFull) {
		t.Errorf("a full list: %v", err)
	}
	if _, err := status.Allocate(0, used); !errors.Is(err, status.ErrFull) {
		t.Errorf("no list: %v", err)
	}
	free := func(int) bool { return false }
	seen := map[int]bool{}
	for range 32 {
		index, err := status.Allocate(1<<20, free)
		if err != nil {
			t.Fatal(err)
		}
		seen[index] = true
	}
	if len(seen) < 30 {
		t.Errorf("%d different indices of 32: not random", len(seen))
	}
	// In a list with one index left, drawing almost surely fails and the scan
	// must find it.
	last := func(index int) bool { return index != 54321 }
	if index, err := status.Allocate(1<<16, last); err != nil || index != 54321 {
		t.Errorf("the last index: %d (%v)", index, err)
	}
}

// Entries of the draft's appendix on test vectors; 0 everywhere else.
var draftEntries = map[string]map[int]status.Status{
	"status_list_encoding1_long_json.md": {0: 1, 1993: 1, 25460: 1, 159495: 1, 495669: 1, 554353: 1, 645645: 1,
		723232: 1, 854545: 1, 934534: 1, 1000345: 1},
	"status_list_encoding2_long_json.md": {0: 1, 1993: 2, 25460: 1, 159495: 3, 495669: 1, 554353: 1, 645645: 2,
		723232: 1, 854545: 1, 934534: 2, 1000345: 3},
	"status_list_encoding4_json.md": {0: 1, 1993: 2, 35460: 3, 459495: 4, 595669: 5, 754353: 6, 845645: 7,
		923232: 8, 924445: 9, 934534: 10, 1004534: 11, 1000345: 12, 1030203: 13, 1030204: 14, 1030205: 15},
}

// vectorJSON cuts the JSON out of a vector file; the draft folds long strings.
func vectorJSON(t *testing.T, file string) []byte {
	t.Helper()
	data := vectors.Read(t, "token-status-list/"+file)
	folded := regexp.MustCompile(`\n +([A-Za-z0-9_-]+("|\n))`)
	text := string(data[bytes.IndexByte(data, '{'):])
	for folded.MatchString(text) {
		text = folded.ReplaceAllString(text, "$1")
	}
	return []byte(text)
}

func TestDraftVectorsLong(t *testing.T) {
	for file, entries := range draftEntries {
		list, err := status.ParseList(vectorJSON(t, file))
		if err != nil {
			t.Fatal(file, err)
		}
		if list.Size() != 1<<20 {
			t.Errorf("%s: %d entries", file, list.Size())
		}
		for index := range list.Size() {
			if got, err := list.Get(index); err != nil || got != entries[index] {
				t.Errorf("%s: index %d is %v (%v), want %v", file, index, got, err, entries[index])
			}
		}
	}
}

// TestDraftVector8 knows of the eight-bit list only that each value but zero
// stands in exactly one entry: the draft's table of indices is not among the
// vectors.
func TestDraftVector8(t *testing.T) {
	list, err := status.ParseList(vectorJSON(t, "status_list_encoding8_json.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[status.Status]int{}
	for index := range list.Size() {
		value, err := list.Get(index)
		if err != nil {
			t.Fatal(err)
		}
		seen[value]++
	}
	for value := 1; value < 256; value++ {
		if seen[status.Status(value)] != 1 {
			t.Errorf("value %d stands %d times", value, seen[status.Status(value)])
		}
	}
}

func TestDraftVectorsShort(t *testing.T) {
	for file, want := range map[string][]status.Status{
		"status_list_encoding_json.md":  {1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1},
		"status_list_encoding2_json.md": {1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3},
	} {
		list, err := status.ParseList(vectorJSON(t, file))
		if err != nil {
			t.Fatal(file, err)
		}
		if list.Size() != len(want) {
			t.Errorf("%s: %d entries", file, list.Size())
		}
		for index := range want {
			if got, err := list.Get(index); err != nil || got != want[index] {
				t.Errorf("%s: index %d is %v (%v), want %v", file, index, got, err, want[index])
			}
		}
		again, err := list.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		reread, err := status.ParseList(again)
		if err != nil || reread.Root() != list.Root() {
			t.Errorf("%s does not survive Bytes and ParseList: %v", file, err)
		}
	}
}
