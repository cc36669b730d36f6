// Package confusable finds names that look alike: an agency that calls itself as
// another does, with letters of another script.
//
// Two names look alike where their skeletons are the same. [Skeleton] is that of
// Unicode Technical Standard #39, section 4, over the table confusables.txt of
// version 17.0.0 (2025-07-22), with four differences, because names of agencies are
// compared and not identifiers: compatibility forms are replaced first (NFKC), so
// that a full-width letter is its letter; case is folded; i counts as l, because I
// looks like l; and blanks, marks that show nothing and middle dots do not count.
//
// The table stands in confusables.txt, pairs of a character and its prototype in
// hexadecimal, made from https://www.unicode.org/Public/17.0.0/security/confusables.txt.
// Its licence is LICENSE-unicode.txt. The lists of go.mau.fi/util/confusable v0.11.0
// have the same characters. They are not imported: that module brings ten others.
//
// For example Alike("Ministry of Justice", "Мinistrу оf Јustiсe") reports true.
//
// What is not checked: characters of Han that differ by one stroke (末, 未), and
// names that say the same in other words. A skeleton is for comparison, never for a
// screen.
package confusable
