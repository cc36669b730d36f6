package formats_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/publish"
)

func publicFiles(t testing.TB) page {
	const vct, uri, epoch = "urn:example:resident:1", "urn:hufu:status:did:hufu:qwkjdqsx4ktwcpw4g6ymrfpnkxsr2jdi:1", "0000000000078d98"
	file := schema(t).vectors[0].input
	hash := sha256.Sum256(file)
	name := func(n publish.Name) []byte { return []byte(n.String()) }
	good := string(name(publish.StatusName(uri)))
	return page{
		name:    "public-files",
		limits:  map[string]int{"document": limits.Document, "token": limits.StatusToken, "counts": limits.FeedCounts, "registry": limits.FeedRegistry, "part": limits.FeedPart},
		context: fields{"vct": vct, "uri": uri, "file": string(file)},
		doors: map[string]door{"name": func(b []byte) (any, []byte, error) {
			n, err := publish.ParseName(string(b))
			return fields{"limit": n.Limit(), "fixed": n.Fixed()}, []byte(n.String()), err
		}},
		vectors: []example{
			{"the schema file by its hash", "name", name(publish.SchemaName(hash))},
			{"a verifying key of the same hash", "name", name(publish.KeyName(hash))},
			{"the newest schema of the type", "name", name(publish.TypeName(vct))},
			{"the status list", "name", []byte(good)},
			{"the index of the feed", "name", []byte("feed/index")},
			{"handles of part 127", "name", []byte("feed/" + epoch + "/7f/" + epoch + ".handles")},
		},
		refused: []refusal{
			{"upper case", "name", []byte(strings.ToUpper(good)), publish.ErrName},
			{"one digit fewer", "name", []byte(good[1:]), publish.ErrName},
			{"another ending", "name", []byte(good + "~"), publish.ErrName},
			{"a way out of the folder", "name", []byte("../" + good), publish.ErrName},
			{"a file of the feed in the folder itself", "name", []byte("index"), publish.ErrName},
			{"the lock of a writer", "name", []byte(".lock"), publish.ErrName},
		},
	}
}
