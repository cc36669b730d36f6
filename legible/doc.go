// Package legible keeps text of strangers from writing on a screen what it is not:
// names, purposes and labels that move a cursor, turn the direction of a line, or
// show nothing.
//
// It has two sides. A door refuses: [Check] says why a text is no text for people.
// Every parser that takes such text from outside calls it. A printer shows: [Line]
// and [Escape] make any text harmless, one line of it, for what passed no door, such
// as names of files or what a server says.
//
// What is refused, by whose table:
//
//   - control characters (general category Cc) and the two line separators;
//   - the characters that turn the direction (Bidi_Control of the Unicode Character
//     Database, and the deprecated U+206A to U+206F);
//   - characters that show nothing (Default_Ignorable_Code_Point, the annotation
//     characters, format controls of notations), except where a script needs them;
//   - private use and noncharacters, which each reader shows otherwise;
//   - more than eight marks on one letter, and a mark without a letter before it;
//   - text that has only blanks, where U+3164, U+115F, U+1160, U+FFA0, U+2800,
//     U+1D159 and U+FFFC count as blanks.
//
// What passes, because names in China are written so: the joiners U+200C and U+200D
// between two characters of a cursive or Brahmic script; the Mongolian variation
// selectors and vowel separator after a Mongolian letter; one variation selector
// after any visible character, as Han names of ideographic variants have; every
// space; every assigned or unassigned Han character. Text from right to left passes
// too; printers isolate it.
//
// The table stands in this package, and the tests compare it with those of package
// unicode and golang.org/x/text. Check gives one answer in every build, so that the
// replicas of a ledger agree on it. Unassigned characters therefore pass the door;
// a printer escapes them outside the two planes of Han.
//
// For example the purpose "Lend\u202e a book" is [ErrDirection], and Line shows it as
// Lend\u202e a book, with a backslash.
//
// What is not checked: whether two texts look alike (package confusable), whether a
// text is in a normal form, and what it says.
package legible
