//go:build js && wasm

package main

import (
	"context"

	"github.com/hufu-id/hufu/publish"
)

// filesIn are public files of the ledger, which the page fetched.
type filesIn struct {
	Schemas       []string          `json:"schemas,omitzero"`
	VerifyingKeys [][]byte          `json:"verifying_keys,omitzero"`
	Status        map[string]string `json:"status,omitzero"` // tokens by URI
}

func (in *filesIn) publish(public *publish.Memory) error {
	ctx := context.Background()
	for _, file := range in.Schemas {
		if _, err := public.PublishSchema(ctx, []byte(file)); err != nil {
			return err
		}
	}
	for _, key := range in.VerifyingKeys {
		if err := public.PublishKey(ctx, key); err != nil {
			return err
		}
	}
	for uri, token := range in.Status {
		if err := public.Publish(ctx, uri, []byte(token)); err != nil {
			return err
		}
	}
	return nil
}
