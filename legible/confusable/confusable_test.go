package confusable_test

import (
	"fmt"
	"testing"

	"github.com/hufu-id/hufu/legible/confusable"
)

func TestAlike(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"Ministry of Justice", "Мinistrу оf Јustiсe"}, // Cyrillic
		{"Ministry of Justice", "MINISTRY OF JUSTICE"},
		{"Ministry of Justice", "Ｍｉｎｉｓｔｒｙ　ｏｆ　Ｊｕｓｔｉｃｅ"},
		{"Ministry of Justice", "Ministry\u200b of Jus\u00adtice"},
		{"paypal", "paypaI"},
		{"100", "lOO"},
		{"民政局", "民政\u3000局"},
		{"民政局", "⺠政局"}, // radical for the character
		{"阿卜杜拉·买买提", "阿卜杜拉・买买提"},
		{"Αθήνα", "Aθήvα"}, // Greek capital Alpha and nu
		{"rn", "m"},
	} {
		if !confusable.Alike(c.a, c.b) {
			t.Errorf("%q, %q: %q and %q", c.a, c.b, confusable.Skeleton(c.a), confusable.Skeleton(c.b))
		}
	}
	for _, c := range []struct{ a, b string }{
		{"民政局", "民政厅"}, {"Beijing", "Beijing 2"}, {"司法部", "司法局"}, {"末", "未"}, {"", "a"},
	} {
		if confusable.Alike(c.a, c.b) {
			t.Errorf("%q and %q are taken for alike", c.a, c.b)
		}
	}
	if s := confusable.Skeleton("\u200b \u3164"); s != "" {
		t.Errorf("nothing has the skeleton %q", s)
	}
}

// FuzzSkeleton: a skeleton is its own skeleton, however long.
func FuzzSkeleton(f *testing.F) {
	seeds := []string{"Мinistrу оf Јustiсe", "paypaI", "ﷺ", "⺠政局", "ǆ", "İ", "\xff"}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := confusable.Skeleton(s)
		if twice := confusable.Skeleton(once); twice != once {
			t.Fatalf("%+q: %+q, then %+q", s, once, twice)
		}
	})
}

// A counter's name is held against one that is known.
func ExampleAlike() {
	fmt.Println(confusable.Alike("Ministry of Justice", "Мinistrу оf Јustiсe"))
	// Output: true
}
