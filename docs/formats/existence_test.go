package formats_test

import (
	"slices"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/provenance"
)

// anchored is a credential without claims, as its issuer signed it.
func anchored(t testing.TB) *credential.SDJWT {
	jwt := must[string](t)(did.SignJWS(t.Context(), noteKey("issuer"), did.Header{Typ: credential.Type, Kid: "did:example:1#0"}, []byte(`{"iss":"did:example:1"}`), did.JWSOptions{}))
	return must[*credential.SDJWT](t)(credential.Parse([]byte(jwt+"~"), credential.ParseOptions{}))
}

func existencePage(t testing.TB) page {
	sd := anchored(t)
	alone := &provenance.Existence{Salt: seed("salt of an existence"), Leaf: 20, State: 21, Count: 1}
	second := &provenance.Existence{
		Salt: alone.Salt, Leaf: 20, State: 24, Index: 2, Count: 3, Siblings: [][32]byte{seed("node of an existence")},
	}
	good := second.Bytes()
	swapped := *second
	swapped.Leaf, swapped.State = second.State, second.Leaf
	behind := *second
	behind.Index = 3
	return page{
		name:    "existence",
		limits:  map[string]int{"credentials": provenance.MaxBatch, "bytes": provenance.MaxExistence},
		context: fields{"credential": sd.String()},
		doors: map[string]door{"existence": func(b []byte) (any, []byte, error) {
			e, err := provenance.ParseExistence(b)
			if err != nil {
				return nil, nil, err
			}
			root := e.Root(sd)
			siblings := []any{}
			for _, s := range e.Siblings {
				siblings = append(siblings, s[:])
			}
			return fields{
				"salt": e.Salt[:], "leaf": e.Leaf, "state": e.State, "index": e.Index, "count": e.Count, "siblings": siblings, "root": root[:],
			}, e.Bytes(), nil
		}},
		vectors: []example{
			{"the only credential of its batch", "existence", alone.Bytes()},
			{"the last of three, which has one sibling", "existence", good},
		},
		refused: []refusal{
			{"another version", "existence", slices.Concat([]byte("hufu/existence/2"), good[16:]), provenance.ErrExistence},
			{"a byte less", "existence", good[:len(good)-1], provenance.ErrExistence},
			{"a sibling less", "existence", good[:len(good)-32], provenance.ErrExistence},
			{"a sibling more", "existence", slices.Concat(good, good[len(good)-32:]), provenance.ErrExistence},
			{"a state that comes before the anchor", "existence", swapped.Bytes(), provenance.ErrExistence},
			{"a place behind the last", "existence", behind.Bytes(), provenance.ErrExistence},
		},
	}
}
