// Package interoptest has our side of the interoperability tests: a desk and a counter over
// HTTP on loopback, in a country whose clock is the machine's.
//
// For example, OpenOffice(t, c, false).Offer makes the link of an offer that somebody else's
// wallet takes up.
package interoptest

import "testing"

// Object is a JSON object.
type Object = map[string]any

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
