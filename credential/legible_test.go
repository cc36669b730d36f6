package credential_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
)

const namesOnly = `{"id":"t","version":1,"vct":"urn:t","region":"110000","claims":[
	{"path":["name"],"type":"string","validate":"nonempty","label":{"en":"full name","zh":"姓名"}}],"digests":2}`

// TestNamesThatCannotBeSeen: a name that shows nothing is no name, and one that
// turns the text around it is none that an agency may sign. The joiners inside a
// word and the scripts of China's minorities stay.
func TestNamesThatCannotBeSeen(t *testing.T) {
	schema, err := credential.ParseSchema([]byte(namesOnly))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"\u200b", "张\u202e三", "\u3164", "\u2800", "\u115f", "张\u200d三", "张\x1b[2K", " ", "张\ue000", "a\u00ad"} {
		if len(schema.Validate(map[string]any{"name": name})) == 0 {
			t.Errorf("%+q is taken for a name", name)
		}
	}
	for _, name := range []string{"林", "阿卜杜拉·买买提", "𠮷野", "ئابدۇللا", "ᠪᠠᠶᠠᠷ\u202fᠤᠨ", "ᠬᠠᠭ\u180eᠠ", "བསྟན་འཛིན", "ꆀꊒ", "김민준", "\U0002ebf0", "Nguyễn"} {
		if found := schema.Validate(map[string]any{"name": name}); len(found) != 0 {
			t.Errorf("%+q is refused: %v", name, found)
		}
	}
}

// TestForeignTextOfSchemas: labels and names of a schema stand on every screen.
func TestForeignTextOfSchemas(t *testing.T) {
	for _, hostile := range []string{`\u001b[2K`, `\u202e`, `\u200b`, `\n`, `\ue000`} {
		for _, at := range []string{`"t"`, "urn:t", `"name"`, "full name", "姓名"} {
			edited := strings.Replace(namesOnly, at, strings.TrimSuffix(at, `"`)+hostile+at[len(strings.TrimSuffix(at, `"`)):], 1)
			if _, err := credential.ParseSchema([]byte(edited)); !errors.Is(err, credential.ErrSchema) {
				t.Errorf("%s after %s: %v", hostile, at, err)
			}
		}
	}
	for what, label := range map[string]string{"blank": `\u3164`, "long": strings.Repeat("长", 81)} {
		if _, err := credential.ParseSchema([]byte(strings.Replace(namesOnly, "姓名", label, 1))); !errors.Is(err, credential.ErrSchema) {
			t.Errorf("a %s label: %v", what, err)
		}
	}
}
