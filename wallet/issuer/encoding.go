package issuer

import (
	"bytes"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	xunicode "golang.org/x/text/encoding/unicode"
)

// Encoding is how a table's text is written down.
type Encoding string

// The encodings.
const (
	UTF8    Encoding = "utf-8"
	GB18030 Encoding = "gb18030" // GBK and GB 2312 are parts of it
	UTF16   Encoding = "utf-16"  // with a byte order mark
)

// Tables that are not read before somebody says in which encoding they are: ought one
// be read wrongly, a credential would bear another name.
var (
	// ErrGB18030: the table looks like GB18030.
	ErrGB18030 = errors.New("issuer: table is not UTF-8, and looks like GB18030: confirm the encoding")
	// ErrUTF16: the table looks like UTF-16.
	ErrUTF16 = errors.New("issuer: table is not UTF-8, and looks like UTF-16: confirm the encoding")
	// ErrEncodingUnsure: the table can be read as UTF-8, and as GB18030 with other text.
	ErrEncodingUnsure = errors.New("issuer: table may be UTF-8 or GB18030: confirm the encoding")
)

const byteOrderMark = "\ufeff"

// decodeTable makes UTF-8 without a mark of a table.
func decodeTable(b []byte, as Encoding) ([]byte, error) {
	switch as {
	case "":
		if err := suspect(b); err != nil {
			return nil, err
		}
	case UTF8:
		if !utf8.Valid(b) {
			return nil, fmt.Errorf("%w: not UTF-8", ErrTable)
		}
	case GB18030:
		text, ok := fromGB18030(b)
		if !ok {
			return nil, fmt.Errorf("%w: not GB18030", ErrTable)
		}
		b = text
	case UTF16:
		text, err := xunicode.UTF16(xunicode.LittleEndian, xunicode.ExpectBOM).NewDecoder().Bytes(b)
		if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
			return nil, fmt.Errorf("%w: not UTF-16 with a byte order mark", ErrTable)
		}
		b = text
	default:
		return nil, fmt.Errorf("%w: unknown encoding", ErrTable)
	}
	return bytes.TrimPrefix(b, []byte(byteOrderMark)), nil
}

// suspect returns nil for what is UTF-8 beyond doubt.
func suspect(b []byte) error {
	switch {
	case bytes.HasPrefix(b, []byte(byteOrderMark)) && utf8.Valid(b):
		return nil
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}), bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return ErrUTF16
	}
	chinese, ok := fromGB18030(b)
	switch {
	case utf8.Valid(b):
		if ok && onlyTwoBytes(b) && bytes.ContainsFunc(chinese, isHan) {
			return ErrEncodingUnsure
		}
		return nil
	case ok:
		return ErrGB18030
	}
	return fmt.Errorf("%w: not UTF-8", ErrTable)
}

// onlyTwoBytes reports whether valid UTF-8 has letters beyond ASCII, all of them in two
// bytes: no Chinese, and what short Chinese names in GBK look like by chance.
func onlyTwoBytes(b []byte) bool {
	found := false
	for _, r := range string(b) {
		if r >= 0x800 {
			return false
		}
		found = found || r >= utf8.RuneSelf
	}
	return found
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

func fromGB18030(b []byte) ([]byte, bool) {
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	return text, err == nil && !bytes.ContainsRune(text, utf8.RuneError)
}
