package publish_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
)

// Parts of names.
var (
	hash  = strings.Repeat("0123456789abcdef", 4)
	epoch = "0000000000078d98"
)

// named lists a name of each form.
var named = []struct {
	text  string
	limit int64
	fixed bool
}{
	{hash + ".json", limits.Document, true},
	{hash + ".vk", limits.Document, true},
	{hash + ".type", limits.Document, false},
	{hash + ".jwt", limits.StatusToken, false},
	{"feed/index", limits.FeedIndex, false},
	{"feed/" + epoch + "/counts", limits.FeedCounts, true},
	{"feed/" + epoch + "/" + epoch + ".roots", limits.FeedIndex, true},
	{"feed/" + epoch + "/" + epoch + ".registry", limits.FeedRegistry, true},
	{"feed/" + epoch + "/7f/" + epoch + ".handles", limits.FeedPart, true},
}

func TestNames(t *testing.T) {
	for _, want := range named {
		name, err := publish.ParseName(want.text)
		none(t, err)
		if name.String() != want.text || name.Limit() != want.limit || name.Fixed() != want.fixed {
			t.Errorf("%s: %s, %d bytes, fixed %v", want.text, name, name.Limit(), name.Fixed())
		}
	}
	sum := sha256.Sum256([]byte("urn:x"))
	for want, name := range map[string]publish.Name{
		".json": publish.SchemaName(sum), ".vk": publish.KeyName(sum), ".type": publish.TypeName("urn:x"), ".jwt": publish.StatusName("urn:x"),
	} {
		if got, err := publish.ParseName(name.String()); err != nil || got != name {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if name.String() != hex.EncodeToString(sum[:])+want {
			t.Errorf("%s, want %x%s", name, sum, want)
		}
	}
	var zero publish.Name
	if zero.Limit() != 0 || zero.String() != "" {
		t.Error("the zero name names something")
	}
}

// hostile are texts that name no public file.
var hostile = []string{
	"", ".", "..", "/", "../" + hash + ".jwt", "/" + hash + ".jwt", "./" + hash + ".jwt", "feed/../" + hash + ".jwt",
	hash + ".jwt/", hash + ".jwt\n", hash + ".jwt\x00", hash + ".jwt.", hash + ".jwt ", " " + hash + ".jwt", hash + ".jwt~", hash + ".JWT",
	hash + ".jwt:stream", hash, hash + ".", hash + ".key", hash[1:] + ".jwt", "0" + hash + ".jwt", strings.ToUpper(hash) + ".jwt",
	"g" + hash[1:] + ".jwt", "\uff10" + hash[3:] + ".jwt", "%2e%2e%2f" + hash + ".jwt",
	".lock", ".new", "trust.json", "CON", "keys/hufu-show-2.pk", "cn.resident.json",
	"feed", "feed/", "feed/index/", "feed/.lock", "feed/.new-1", "feed\\index", "FEED/index", "/feed/index", "feed//index",
	"feed/" + epoch, "feed/" + epoch + "/", "feed/" + epoch + "/index", "feed/" + epoch[1:] + "/counts", "feed/../feed/index",
	"feed/" + epoch + "/7F/" + epoch + ".handles", "feed/" + epoch + "/7/" + epoch + ".handles", "feed/" + epoch + "/../" + epoch + ".handles",
	"feed/" + epoch + "/" + epoch + ".handles", "feed/" + epoch + "/7f/" + epoch + ".roots",
	strings.Repeat("a", 1<<20),
}

func TestHostileNames(t *testing.T) {
	for _, text := range hostile {
		if name, err := publish.ParseName(text); err != publish.ErrName || name != (publish.Name{}) {
			t.Errorf("%.80q: %v, %v", text, name, err)
		}
	}
}

func FuzzParseName(f *testing.F) {
	seeds := 0
	for _, n := range named {
		f.Add(n.text)
		seeds++
	}
	for _, text := range hostile[:len(hostile)-1] {
		f.Add(text)
	}
	if seeds == 0 {
		f.Fatal("no name to begin with")
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := publish.ParseName(text)
		if err != nil {
			if name != (publish.Name{}) {
				t.Error("refused, and named all the same")
			}
			return
		}
		if name.String() != text || name.Limit() <= 0 {
			t.Errorf("%q became %s of %d bytes", text, name, name.Limit())
		}
		if !filepath.IsLocal(text) || filepath.ToSlash(filepath.Clean(text)) != text || ledger.CheckKey(text) != nil {
			t.Errorf("%q is no plain name", text)
		}
	})
}

func TestCheck(t *testing.T) {
	s, second, key, list := schema(t, 1), schema(t, 2), keyFile(t, 1), token(t, listURI, 100, 0)
	other := bytes.Replace(s.Bytes(), []byte(s.VCT), []byte("urn:test:other:1"), 1)
	roots, err := publish.ParseName("feed/" + epoch + "/" + epoch + ".roots")
	none(t, err)
	for what, test := range map[string]struct {
		name publish.Name
		b    []byte
		want error
	}{
		"schema":                 {publish.SchemaName(s.Hash()), s.Bytes(), nil},
		"another edition":        {publish.SchemaName(s.Hash()), second.Bytes(), publish.ErrOther},
		"one byte more":          {publish.SchemaName(s.Hash()), append(s.Bytes(), '\n'), publish.ErrOther},
		"key":                    {publish.KeyName(sha256.Sum256(key)), key, nil},
		"another key":            {publish.KeyName(sha256.Sum256(key)), key[1:], publish.ErrOther},
		"type":                   {publish.TypeName(s.VCT), s.Bytes(), nil},
		"type, another edition":  {publish.TypeName(s.VCT), second.Bytes(), nil},
		"another type":           {publish.TypeName(s.VCT), other, publish.ErrOther},
		"type, no schema":        {publish.TypeName(s.VCT), []byte("{}"), publish.ErrOther},
		"list":                   {publish.StatusName(listURI), list, nil},
		"another list":           {publish.StatusName(listURI + "2"), list, publish.ErrOther},
		"list, no token":         {publish.StatusName(listURI), []byte("e30.e30.e30"), publish.ErrOther},
		"feed":                   {roots, []byte("anything"), nil},
		"empty":                  {roots, nil, publish.ErrOther},
		"empty, by its own hash": {publish.SchemaName(sha256.Sum256(nil)), nil, publish.ErrOther},
		"feed, too large":        {roots, make([]byte, limits.FeedIndex+1), publish.ErrTooLarge},
		"list, too large":        {publish.StatusName(listURI), make([]byte, limits.StatusToken+1), publish.ErrTooLarge},
		"schema, too large":      {publish.SchemaName(s.Hash()), make([]byte, limits.Document+1), publish.ErrTooLarge},
		"no name":                {publish.Name{}, []byte("x"), publish.ErrName},
	} {
		if err := test.name.Check(test.b); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", what, err, test.want)
		}
	}
}
