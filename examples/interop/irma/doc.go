// Package irma has no code of its own: its tests let Hufu talk to irmago, the library of the
// Yivi wallet. See ../README.md.
package irma
