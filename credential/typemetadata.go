package credential

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/legible"
)

var (
	// ErrTypeMetadata means a type metadata document that breaks the rules of its format, or
	// those of what it extends.
	ErrTypeMetadata = errors.New("credential: malformed type metadata")
	// ErrIntegrity means a document other than the hash in an #integrity member says.
	ErrIntegrity = errors.New("credential: type metadata differs from its hash")
	// ErrTypeRules means a credential that breaks a rule of its type: a mandatory claim is
	// missing, or one is disclosable that must not be, or the reverse.
	ErrTypeRules = errors.New("credential: breaks the rules of its type")
)

// maxExtends caps a chain of types that extend each other.
const maxExtends = 8

// TypeMetadata describes a credential type (SD-JWT VC draft -18, section 4). Display
// members other than labels are passed over.
type TypeMetadata struct {
	// VCT is the type that it describes, and Extends one whose rules hold, too.
	VCT, Extends string
	// ExtendsIntegrity is the integrity metadata of what it extends.
	ExtendsIntegrity string
	// Claims are the rules, those of extended types included once [NewTypes] made them.
	Claims []ClaimMetadata

	raw []byte
}

// ClaimMetadata is the rule of the claims that a path selects.
type ClaimMetadata struct {
	Path Path
	// Mandatory says that each credential of the type has the claim.
	Mandatory bool
	// Disclosable is "always", "never" or "allowed".
	Disclosable string
	// Label names the claim for people, empty where the document does not.
	Label Label

	mandatory *bool // as stated
}

type typeMetadataJSON struct {
	VCT              string `json:"vct"`
	Extends          string `json:"extends"`
	ExtendsIntegrity string `json:"extends#integrity"`
	Claims           []struct {
		Path      Path   `json:"path"`
		Mandatory *bool  `json:"mandatory"`
		SD        string `json:"sd"`
		Display   []struct {
			Locale string `json:"locale"`
			Label  string `json:"label"`
		} `json:"display"`
	} `json:"claims"`
}

// ParseTypeMetadata reads a type metadata document, as its publisher wrote it. The error is
// [ErrTypeMetadata].
func ParseTypeMetadata(data []byte) (*TypeMetadata, error) {
	var in typeMetadataJSON
	if err := strictjson.Read(data, limits.Document, &in, strictjson.AllowUnknown); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTypeMetadata, err)
	}
	if legible.Check(in.VCT, legible.Limits{}) != nil || len(in.VCT) > limits.Identifier || in.Extends == "" && in.ExtendsIntegrity != "" {
		return nil, fmt.Errorf("%w: vct or extends", ErrTypeMetadata)
	}
	if len(in.Claims) > limits.Disclosures {
		return nil, fmt.Errorf("%w: above %d claims", ErrTypeMetadata, limits.Disclosures)
	}
	m := &TypeMetadata{VCT: in.VCT, Extends: in.Extends, ExtendsIntegrity: in.ExtendsIntegrity, raw: bytes.Clone(data)}
	for i, c := range in.Claims {
		claim := ClaimMetadata{Path: c.Path, Disclosable: c.SD, mandatory: c.Mandatory, Mandatory: c.Mandatory != nil && *c.Mandatory}
		switch {
		case c.Path.check() != nil:
			return nil, fmt.Errorf("%w: claim %d has no path", ErrTypeMetadata, i+1)
		case c.SD != "" && c.SD != "always" && c.SD != "allowed" && c.SD != "never":
			return nil, fmt.Errorf("%w: sd of claim %d", ErrTypeMetadata, i+1)
		case m.find(c.Path) >= 0:
			return nil, fmt.Errorf("%w: claim %d stands there twice", ErrTypeMetadata, i+1)
		}
		for _, d := range c.Display {
			claim.Label.take(d.Locale, d.Label)
		}
		m.Claims = append(m.Claims, claim)
	}
	return m, nil
}

// take keeps a label that people can read, the first of each language.
func (l *Label) take(locale, text string) {
	if legible.Check(text, legible.Limits{Runes: maxLabel}) != nil {
		return
	}
	language, _, _ := strings.Cut(strings.ToLower(locale), "-")
	switch {
	case language == "en" && l.English == "":
		l.English = text
	case language == "zh" && l.Chinese == "":
		l.Chinese = text
	}
}

func (m *TypeMetadata) find(path Path) int {
	return slices.IndexFunc(m.Claims, func(c ClaimMetadata) bool { return slices.Equal(c.Path, path) })
}

// Labelled lists the claims that a schema can name, each with a label in both languages.
func (m *TypeMetadata) Labelled() (out []ClaimMetadata) {
	if m == nil {
		return nil
	}
	for _, c := range m.Claims {
		if slices.ContainsFunc(c.Path, func(e any) bool { _, named := e.(string); return !named }) {
			continue
		}
		plain := LabelOf(c.Path)
		if c.Label.English == "" {
			c.Label.English = plain.English
		}
		if c.Label.Chinese == "" {
			c.Label.Chinese = plain.Chinese
		}
		out = append(out, c)
	}
	return out
}

// LabelOf names a claim by its path, where nobody has named it for people.
func LabelOf(path Path) Label {
	parts := make([]string, len(path))
	for i, e := range path {
		parts[i] = fmt.Sprint(e)
	}
	text := legible.Line(strings.Join(parts, " "))
	if runes := []rune(text); len(runes) > maxLabel {
		text = string(runes[:maxLabel])
	}
	return Label{English: text, Chinese: text}
}

// Types are the type metadata that a reader configured. Nothing is fetched: what is not
// here is not known. They never change.
type Types struct{ byVCT map[string]*TypeMetadata }

// NewTypes joins documents, each of which may extend another one of them. Errors:
// [ErrTypeMetadata] where one is there twice, extends one that is not there or, in the
// end, itself, or loosens what it extends; [ErrIntegrity].
func NewTypes(documents ...*TypeMetadata) (*Types, error) {
	given := map[string]*TypeMetadata{}
	for _, d := range documents {
		if given[d.VCT] != nil {
			return nil, fmt.Errorf("%w: one type twice", ErrTypeMetadata)
		}
		given[d.VCT] = d
	}
	t := &Types{byVCT: map[string]*TypeMetadata{}}
	for vct, d := range given {
		whole, err := extended(given, d, 0)
		if err != nil {
			return nil, err
		}
		t.byVCT[vct] = whole
	}
	return t, nil
}

// extended is a document with all that it extends.
func extended(given map[string]*TypeMetadata, d *TypeMetadata, depth int) (*TypeMetadata, error) {
	whole := *d
	whole.Claims = slices.Clone(d.Claims)
	if d.Extends == "" {
		return &whole, nil
	}
	base := given[d.Extends]
	switch {
	case base == nil:
		return nil, fmt.Errorf("%w: what it extends is not at hand", ErrTypeMetadata)
	case depth >= maxExtends:
		return nil, fmt.Errorf("%w: it extends itself, or above %d others", ErrTypeMetadata, maxExtends)
	case d.ExtendsIntegrity != "":
		if err := CheckIntegrity(base.raw, d.ExtendsIntegrity); err != nil {
			return nil, err
		}
	}
	base, err := extended(given, base, depth+1)
	if err != nil {
		return nil, err
	}
	for _, inherited := range base.Claims {
		i := whole.find(inherited.Path)
		if i < 0 {
			whole.Claims = append(whole.Claims, inherited)
			continue
		}
		if err := whole.Claims[i].inherit(inherited); err != nil {
			return nil, err
		}
	}
	return &whole, nil
}

// inherit adds what a claim does not say itself (section 4.6.5).
func (c *ClaimMetadata) inherit(base ClaimMetadata) error {
	fixed := base.Disclosable == "always" || base.Disclosable == "never"
	switch {
	case c.Disclosable == "":
		c.Disclosable = base.Disclosable
	case fixed && c.Disclosable != base.Disclosable:
		return fmt.Errorf("%w: it changes sd of what it extends", ErrTypeMetadata)
	}
	switch {
	case c.mandatory == nil:
		c.Mandatory, c.mandatory = base.Mandatory, base.mandatory
	case base.Mandatory && !c.Mandatory:
		return fmt.Errorf("%w: it makes optional what is mandatory in what it extends", ErrTypeMetadata)
	}
	if c.Label == (Label{}) {
		c.Label = base.Label
	}
	return nil
}

// Check holds a verified credential against the metadata of its type, and returns that; nil
// where there is none here. whole says that every disclosure is at hand, as it is on
// receipt: then a mandatory claim that is not there was not issued. Of a presentation that
// is known only where nothing is undisclosed. Paths with the number of an array element are
// passed over where elements may be hidden. Errors: [ErrIntegrity], [ErrTypeRules].
func (t *Types) Check(v *Verified, whole bool) (*TypeMetadata, error) {
	if t == nil || t.byVCT[v.VCT] == nil {
		return nil, nil
	}
	m := t.byVCT[v.VCT]
	if v.TypeIntegrity != "" {
		if err := CheckIntegrity(m.raw, v.TypeIntegrity); err != nil {
			return nil, err
		}
	}
	whole = whole || v.Undisclosed == 0
	for i := range m.Claims {
		if err := m.Claims[i].check(v, whole); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (c *ClaimMetadata) check(v *Verified, whole bool) error {
	numbered := slices.ContainsFunc(c.Path, func(e any) bool { _, n := e.(int); return n })
	if numbered && v.Undisclosed > 0 {
		return nil
	}
	if err := walksWell(v.Claims, c.Path); err != nil {
		return err
	}
	found := c.Path.Expand(v.Claims)
	if len(found) == 0 && c.Mandatory && whole {
		return fmt.Errorf("%w: a mandatory claim is missing", ErrTypeRules)
	}
	for _, at := range found {
		hidden := slices.ContainsFunc(v.Disclosed, func(p Path) bool { return slices.Equal(p, at) })
		if hidden && c.Disclosable == "never" || !hidden && c.Disclosable == "always" {
			return fmt.Errorf("%w: sd of a claim", ErrTypeRules)
		}
	}
	return nil
}

// walksWell is the processing of a path (section 4.6.1): a name in what is no object, or an
// element of what is no array, is an error, and not an empty selection.
func walksWell(value any, path Path) error {
	if len(path) == 0 {
		return nil
	}
	object, isObject := value.(map[string]any)
	array, isArray := value.([]any)
	if _, named := path[0].(string); named != isObject || !named && !isArray {
		return fmt.Errorf("%w: a claim is of another kind than its path says", ErrTypeRules)
	}
	switch e := path[0].(type) {
	case string:
		if member, found := object[e]; found {
			return walksWell(member, path[1:])
		}
	case int:
		if e < len(array) {
			return walksWell(array[e], path[1:])
		}
	default:
		for _, member := range array {
			if err := walksWell(member, path[1:]); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckIntegrity holds a document against integrity metadata: one or several hashes as
// sha256-, sha384- or sha512- and base64, of which the strongest kind counts (W3C SRI,
// section 3.3). The error is [ErrIntegrity], also where no hash is of a known kind.
func CheckIntegrity(document []byte, metadata string) error {
	sums := map[string]func() []byte{
		"sha256": func() []byte { s := sha256.Sum256(document); return s[:] },
		"sha384": func() []byte { s := sha512.Sum384(document); return s[:] },
		"sha512": func() []byte { s := sha512.Sum512(document); return s[:] },
	}
	strongest, holds := "", false
	for _, one := range strings.Fields(metadata) {
		kind, text, _ := strings.Cut(one, "-")
		text, _, _ = strings.Cut(text, "?") // options
		if sums[kind] == nil || kind < strongest {
			continue
		}
		if kind > strongest {
			strongest, holds = kind, false
		}
		want, err := base64.StdEncoding.DecodeString(text)
		holds = holds || err == nil && bytes.Equal(want, sums[kind]())
	}
	if !holds {
		return ErrIntegrity
	}
	return nil
}
