package wallet

import (
	"testing"
	"time"
)

// TestListsOfOneURI: what is known of one issuer's list says nothing of another's.
func TestListsOfOneURI(t *testing.T) {
	read := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	mine, theirs := new(card), new(card)
	for c, issuer := range map[*card]string{mine: "did:hufu:one", theirs: "did:hufu:two"} {
		c.facts = facts{Issuer: issuer, StatusURI: "https://example.org/status/1", Received: read.Add(-time.Hour)}
	}
	d := &deck{lists: standings{mine.list(): {AsOf: read}}}
	if at := d.asOf(mine); !at.Equal(read) {
		t.Errorf("read at %s", at)
	}
	if at := d.asOf(theirs); !at.Equal(theirs.Received) {
		t.Errorf("the other's was read at %s", at)
	}
}
