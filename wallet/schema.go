package wallet

import (
	"encoding/hex"
	"fmt"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/vault"
)

// schemaID is where the store keeps a schema file. What a wallet holds it reads and
// shows without asking anyone for public files, and nobody changes the labels later.
func schemaID(hash [32]byte) string { return hex.EncodeToString(hash[:]) }

func putSchema(tx vault.Tx, schema *credential.Schema) error {
	return tx.Put(kindSchema, schemaID(schema.Hash()), schema.Bytes())
}

// schemas are those that one transaction has read, by their hashes.
type schemas map[[32]byte]*credential.Schema

func (s schemas) get(tx vault.Tx, hash [32]byte) (*credential.Schema, error) {
	if known := s[hash]; known != nil {
		return known, nil
	}
	r, err := tx.Get(kindSchema, schemaID(hash))
	if err != nil {
		return nil, fmt.Errorf("%w: schema of a stored credential: %w", vault.ErrDamaged, err)
	}
	schema, err := credential.ParseSchema(r.Value)
	if err != nil {
		return nil, fmt.Errorf("%w: schema of a stored credential: %w", vault.ErrDamaged, err)
	}
	s[hash] = schema
	return schema, nil
}
