package confusable

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

//go:embed confusables.txt
var table string

// prototypes maps a character to what it looks like.
var prototypes = sync.OnceValue(func() map[rune]string {
	found := make(map[rune]string, strings.Count(table, "\n"))
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] == "#" {
			continue
		}
		var text strings.Builder
		for _, f := range fields[1:] {
			text.WriteRune(parse(f))
		}
		found[parse(fields[0])] = text.String()
	}
	return found
})

func parse(hex string) rune {
	n, err := strconv.ParseUint(hex, 16, 21)
	if err != nil {
		panic(err) // the table is part of the program, and a test reads it
	}
	return rune(n)
}

// Alike reports that two different or equal names may be taken for one another.
func Alike(a, b string) bool { return Skeleton(a) == Skeleton(b) }

// Skeleton returns a text that is the same for all names that look alike. Names
// without a visible character have the empty skeleton.
func Skeleton(name string) string {
	s := step(norm.NFKC.String(name))
	// What a fold or a step yields may look like something again: 1 as l, L as l.
	for range 8 {
		next := step(cases.Fold().String(norm.NFKC.String(s)))
		if next == s {
			break
		}
		s = next
	}
	return s
}

// step is internalSkeleton of UTS #39.
func step(s string) string {
	var out strings.Builder
	for _, r := range norm.NFD.String(s) {
		prototype, found := prototypes()[r]
		switch {
		case isIgnored(r):
		case found:
			out.WriteString(prototype)
		default:
			out.WriteRune(r)
		}
	}
	return norm.NFD.String(strings.Map(func(r rune) rune {
		switch {
		case isIgnored(r):
			return -1
		case r == 'i': // I looks like l and folds to i
			return 'l'
		}
		return r
	}, out.String()))
}

func isIgnored(r rune) bool {
	switch r {
	case '\u00b7', '\u30fb', '\uff65', '\u2022', '\u2027', '\u2219', '\u22c5': // middle dots, as names have them
		return true
	case '\u2800', '\u3164', '\u115f', '\u1160', '\uffa0', '\u034f':
		return true
	}
	return unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
