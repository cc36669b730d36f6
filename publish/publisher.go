package publish

import (
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/zkp"
)

// writer is a Folder or a Memory while nobody else writes to it.
type writer interface {
	read(Name) ([]byte, error)
	// write replaces a file of the right content.
	write(Name, []byte) error
}

// put writes a file that the name fits.
func put(w writer, name Name, b []byte) error {
	if err := name.Check(b); err != nil {
		return err
	}
	return w.write(name, b)
}

// publishSchema writes a schema file by its hash, then as the newest of its type.
func publishSchema(w writer, file []byte) (*credential.Schema, error) {
	schema, err := credential.ParseSchema(file)
	if err != nil {
		return nil, err
	}
	if err := put(w, SchemaName(schema.Hash()), file); err != nil {
		return nil, err
	}
	newest := TypeName(schema.VCT)
	newer, err := hasNewer(w, newest, schema)
	if err != nil || newer {
		return schema, err
	}
	return schema, put(w, newest, file)
}

// hasNewer reports whether a later edition of the same schema lies under its type.
// What cannot be read there is replaced.
func hasNewer(w writer, newest Name, schema *credential.Schema) (bool, error) {
	b, err := w.read(newest)
	if errors.Is(err, ErrNotAtHand) || errors.Is(err, ErrTooLarge) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	there, err := credential.ParseSchema(b)
	return err == nil && there.ID == schema.ID && there.Version > schema.Version, nil
}

// publishKey writes a verifying key by its hash.
func publishKey(w writer, key []byte) error {
	if _, _, err := zkp.InspectVerifyingKey(key); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return put(w, KeyName(hashOf(key)), key)
}
