package openid

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// A ProofPresentation is one presentation of FormatSDJWTZK: the proof over one
// credential, and the values that OpReveal asked for, in the order of the
// predicates. Its text is the base64url of the proof. If it reveals values, "~"
// and the base64url of their JSON array follow.
type ProofPresentation struct {
	Proof   []byte
	Reveals Values
}

// ParseProofPresentation reads the text of a presentation. Each presentation
// has exactly one text. The function does not read the proof. The error is
// ErrResponse or ErrQuery.
func ParseProofPresentation(text string) (*ProofPresentation, error) {
	first, second, reveals := strings.Cut(text, "~")
	p := new(ProofPresentation)
	var err error
	if p.Proof, err = base64.RawURLEncoding.Strict().DecodeString(first); err != nil || len(p.Proof) == 0 {
		return nil, fmt.Errorf("%w: a proof presentation is base64url", ErrResponse)
	}
	if reveals {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(second)
		if err != nil || strictjson.Read(raw, limits.Message, &p.Reveals) != nil {
			return nil, fmt.Errorf("%w: revealed values are not a JSON array", ErrResponse)
		}
		if len(p.Reveals) == 0 || len(p.Reveals) > maxPredicates {
			return nil, fmt.Errorf("%w: no revealed values, or too many", ErrResponse)
		}
		for _, value := range p.Reveals {
			if err := checkValue(value); err != nil {
				return nil, err
			}
		}
	}
	if p.String() != text {
		return nil, fmt.Errorf("%w: a proof presentation is not in its only form", ErrResponse)
	}
	return p, nil
}

// String returns the text that goes into a Response.
func (p *ProofPresentation) String() string {
	text := base64.RawURLEncoding.EncodeToString(p.Proof)
	if len(p.Reveals) == 0 {
		return text
	}
	values, err := json.Marshal(p.Reveals)
	if err != nil {
		panic(err) // strings, numbers and booleans always encode
	}
	return text + "~" + base64.RawURLEncoding.EncodeToString(values)
}
