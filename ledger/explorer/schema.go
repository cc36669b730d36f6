package explorer

import (
	"context"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
)

// OfSchema returns what one version of a schema fixes. Errors are those of
// OfAgency.
func (x *Explorer) OfSchema(ctx context.Context, id string, version uint32) (*Answer, error) {
	key := ledger.SchemaKey(id, version)
	if err := errors.Join(ledger.CheckKey(id), ledger.CheckKey(key)); err != nil {
		return nil, err
	}
	var schema *ledger.Schema
	err := x.client.Resolve(ctx, func(view *ledger.View) (err error) {
		schema, err = view.Schema(id, version)
		return err
	}, ledger.ResolveOptions{Keys: []string{key}})
	if errors.Is(err, ledger.ErrAbsent) {
		return absent(Text, fmt.Sprintf("%s %d", id, version)), nil
	}
	if err != nil {
		return nil, err
	}
	a := new(Answer)
	s := a.add("schema")
	s.add("schema-id", Text, schema.ID)
	s.number("version", uint64(schema.Version))
	s.add("type", Text, schema.VCT)
	s.add("owner", Agency, schema.Owner)
	s.hash("file", schema.Hash)
	for _, name := range schema.Attributes {
		s.add("attribute", Text, name)
	}
	return a, nil
}
