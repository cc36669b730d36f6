// Package interop has no code of its own: its tests let Hufu's desk, wallet and counter talk
// to software that nobody here wrote. See README.md.
package interop
