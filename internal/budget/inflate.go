package budget

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Form is how bytes are written.
type Form int

const (
	// Text is lines, or parts between dots and tildes, some of which may be base64url of
	// JSON: tokens, notes, names.
	Text Form = iota
	// JSON is one JSON value.
	JSON
	// CBOR is one CBOR item. Byte strings that hold an array are looked into.
	CBOR
	// Binary is fixed fields and counted lists.
	Binary
)

// large is the size from which Inflate only repeats and lengthens.
const large = 2 << 20

// Inflate makes inputs of a seed. In each, one part has grown: a list repeats an element,
// or counts up; a text or byte string is longer; a value became one that is dear to read.
// An input has size bytes or a little less.
func Inflate(form Form, seed []byte, size int) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		g := &grower{size: size, yield: yield, seen: map[string]bool{}}
		g.bytes(form, seed, "", func(b []byte) []byte { return b })
	}
}

type grower struct {
	size    int
	yield   func(string, []byte) bool
	seen    map[string]bool // paths of list elements that were grown
	stopped bool
}

// give yields an input that fits.
func (g *grower) give(name string, input []byte) {
	if !g.stopped && len(input) <= g.size {
		g.stopped = !g.yield(name, input)
	}
}

// bytes grows what is written in a form. whole writes the input around it.
func (g *grower) bytes(form Form, b []byte, at string, whole func([]byte) []byte) {
	switch form {
	case Text:
		g.text(string(b), at, whole)
	case JSON:
		var v any
		if json.Unmarshal(b, &v) == nil {
			g.value(newJSON(), v, at, whole)
		}
	case CBOR:
		var v any
		if cbor.Unmarshal(b, &v) == nil {
			g.value(newCBOR(), v, at, whole)
		}
	case Binary:
		g.binary(b, at, whole)
	}
}

var canonical, _ = cbor.CoreDetEncOptions().EncMode()

// codec writes a tree. Where mark stands in JSON it writes hole, which may be no JSON.
type codec struct {
	encode func(any) []byte
	binary bool
	hole   string
}

const mark = "\u2603hole\u2603"

func newJSON() *codec {
	c := new(codec)
	c.encode = func(v any) []byte {
		out, _ := json.Marshal(v, json.Deterministic(true))
		return bytes.Replace(out, []byte(`"`+mark+`"`), []byte(c.hole), 1)
	}
	return c
}

func newCBOR() *codec {
	return &codec{binary: true, encode: func(v any) []byte {
		out, _ := canonical.Marshal(v)
		return out
	}}
}

// value grows one node of a tree. rebuild writes the whole input with another node there.
func (g *grower) value(c *codec, node any, at string, whole func([]byte) []byte) {
	g.node(c, node, at, func(v any) []byte { return whole(c.encode(v)) })
}

func (g *grower) node(c *codec, node any, at string, rebuild func(any) []byte) {
	if g.stopped || g.seen[at] {
		return
	}
	g.seen[at] = true
	room := g.size - len(rebuild(node)) - 16
	if room < 16 {
		return
	}
	g.replace(c, at, room, rebuild)
	switch node := node.(type) {
	case []any:
		if len(node) > 0 {
			g.repeat(c, node, at, room, rebuild)
		}
		for i, element := range node {
			path := fmt.Sprintf("%s[%d]", at, i)
			if i > 0 && fmt.Sprintf("%T", element) == fmt.Sprintf("%T", node[0]) && !c.binary {
				path = at + "[0]" // another of the same list
			}
			g.node(c, element, path, func(v any) []byte {
				other := slices.Clone(node)
				other[i] = v
				return rebuild(other)
			})
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(node)) {
			g.node(c, node[name], at+"."+name, func(v any) []byte {
				other := maps.Clone(node)
				other[name] = v
				return rebuild(other)
			})
		}
	case map[any]any: // of CBOR
		for _, name := range slices.SortedFunc(maps.Keys(node), func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }) {
			g.node(c, node[name], fmt.Sprintf("%s.%v", at, name), func(v any) []byte {
				other := maps.Clone(node)
				other[name] = v
				return rebuild(other)
			})
		}
	case cbor.Tag:
		g.node(c, node.Content, at+"/tag", func(v any) []byte { return rebuild(cbor.Tag{Number: node.Number, Content: v}) })
	case string:
		g.give(at+" long", rebuild(node+strings.Repeat("a", room)))
	case []byte:
		g.give(at+" long", rebuild(append(slices.Clone(node), make([]byte, room)...)))
		var inner []any
		if cbor.Unmarshal(node, &inner) == nil {
			g.bytes(CBOR, node, at+"/", func(b []byte) []byte { return rebuild(b) })
		}
	}
}

// repeat fills a list with its last element, and with ascending ones.
func (g *grower) repeat(c *codec, list []any, at string, room int, rebuild func(any) []byte) {
	last := list[len(list)-1]
	for _, ascending := range []bool{false, true} {
		other, left := slices.Clone(list), room
		for i := 0; ; i++ {
			element := last
			if ascending {
				element = vary(last, uint32(i+1))
			}
			if left -= len(c.encode(element)) + 1; left < 0 {
				break
			}
			other = append(other, element)
		}
		g.give(fmt.Sprintf("%s repeated, ascending %t", at, ascending), rebuild(other))
	}
}

// vary makes the i-th of many values alike.
func vary(v any, i uint32) any {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%s%07d", v, i)
	case []byte:
		if len(v) < 4 {
			return binary.BigEndian.AppendUint32(slices.Clone(v), i)
		}
		out := slices.Clone(v)
		binary.BigEndian.PutUint32(out, i)
		return out
	case []any:
		out := slices.Clone(v)
		for n := range out {
			out[n] = vary(out[n], i)
		}
		return out
	case map[string]any:
		out := maps.Clone(v)
		for name := range out {
			out[name] = vary(out[name], i)
		}
		return out
	}
	return v
}

// replace puts dear values where something else stood.
func (g *grower) replace(c *codec, at string, room int, rebuild func(any) []byte) {
	if g.size > large {
		return
	}
	if c.binary {
		for _, lie := range [][]byte{{0x9b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, {0x5b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, {0xbb, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}} {
			g.give(fmt.Sprintf("%s claims %x", at, lie[0]), lied(rebuild, lie, room))
		}
		g.give(at+" of numbers", rebuild(slices.Repeat([]any{uint64(0)}, room)))
		g.give(at+" of lists", rebuild(slices.Repeat([]any{[]any{}}, room)))
		g.give(at+" of texts", rebuild(slices.Repeat([]any{"a"}, room/2)))
		return
	}
	for name, text := range map[string]string{
		"members": "{" + counted(`"%07d":1,`, room-16) + `"z":1}`,
		"numbers": "[" + strings.Repeat("0,", room/2-8) + "0]",
		"lists":   "[" + strings.Repeat("[],", room/3-8) + "0]",
		"objects": "[" + strings.Repeat("{},", room/3-8) + "0]",
		"texts":   "[" + counted(`"%07d",`, room-16) + `"z"]`,
		"escapes": `"` + strings.Repeat(`\n`, room/2-8) + `"`,
		"depth":   strings.Repeat("[", room/2-8) + strings.Repeat("]", room/2-8),
		"digits":  strings.Repeat("9", room-8),
		"zeros":   "0." + strings.Repeat("0", room-8),
	} {
		c.hole = text
		g.give(at+" of "+name, rebuild(mark))
	}
}

func lied(rebuild func(any) []byte, lie []byte, room int) []byte {
	return rebuild(cbor.RawMessage(append(slices.Clone(lie), make([]byte, max(0, room-16))...)))
}

// counted repeats a format, with a number that counts up, as often as size has room for.
func counted(format string, size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size-len(format)-8; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// text grows a token or a note.
func (g *grower) text(s, at string, whole func([]byte) []byte) {
	room := g.size - len(s) - 16
	if room < 16 {
		return
	}
	for _, c := range []string{".", "~", "\n", "a", "W10~", "a.", "/", " ", "\u2014", ":", "%", "A="} {
		filler := strings.Repeat(c, room/len(c))
		g.give(fmt.Sprintf("%s then %q", at, c), whole([]byte(s+filler)))
		g.give(fmt.Sprintf("%s after %q", at, c), whole([]byte(filler+s)))
		g.give(fmt.Sprintf("%s only %q", at, c), whole([]byte(filler)))
	}
	if lines := strings.SplitAfter(s, "\n"); len(lines) > 1 {
		for i, line := range lines {
			if line != "" {
				repeated := slices.Concat(lines[:i], slices.Repeat([]string{line}, room/len(line)), lines[i:])
				g.give(fmt.Sprintf("%s line %d repeated", at, i), whole([]byte(strings.Join(repeated, ""))))
			}
		}
	}
	g.parts(s, at, whole)
}

// parts grows what stands between dots and tildes.
func (g *grower) parts(s, at string, whole func([]byte) []byte) {
	for begin := 0; begin < len(s); {
		end := begin + len(s[begin:])
		if n := strings.IndexAny(s[begin:], ".~"); n >= 0 {
			end = begin + n
		}
		before, after := s[:begin], s[end:]
		decoded, err := base64.RawURLEncoding.DecodeString(s[begin:end])
		if err == nil && len(decoded) > 1 && jsontext.Value(decoded).IsValid() {
			inner := &grower{size: (g.size - len(s)) / 4 * 3, seen: map[string]bool{}, yield: func(name string, b []byte) bool {
				g.give(fmt.Sprintf("%s in part at %d: %s", at, begin, name), whole([]byte(before+base64.RawURLEncoding.EncodeToString(b)+after)))
				return !g.stopped
			}}
			inner.bytes(JSON, decoded, "", func(b []byte) []byte { return b })
		}
		begin = end + 1
	}
}

// binary grows what has counted lists: every count claims more than there is.
func (g *grower) binary(b []byte, at string, whole func([]byte) []byte) {
	room := g.size - len(b)
	if room < 0 {
		return
	}
	g.give(at+" then zeros", whole(append(slices.Clone(b), make([]byte, room)...)))
	g.give(at+" zeros", whole(make([]byte, g.size)))
	g.give(at+" ones", whole(bytes.Repeat([]byte{0xff}, g.size)))
	g.give(at+" repeated", whole(bytes.Repeat(b, g.size/len(b))))
	for i := range min(len(b), 64) {
		for _, n := range []int{1, 2, 4} {
			if i+n <= len(b) {
				lie := append(slices.Clone(b), make([]byte, room)...)
				copy(lie[i:], []byte{0xff, 0xff, 0xff, 0xff}[:n])
				g.give(fmt.Sprintf("%s claims at %d", at, i), whole(lie))
			}
		}
	}
}
