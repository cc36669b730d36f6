package status

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// MaxAggregation bounds the lists of one aggregation.
const MaxAggregation = 4096

type aggregationJSON struct {
	Lists []string `json:"status_lists"`
}

// ParseAggregation reads the addresses of an issuer's status lists (section 9.3), for a
// reader that fetches them all before it needs one. Nobody has signed them: each list is
// verified by itself. The error is [ErrForm].
func ParseAggregation(b []byte) ([]string, error) {
	var in aggregationJSON
	if err := strictjson.Read(b, limits.Message, &in, strictjson.AllowUnknown); err != nil {
		return nil, fmt.Errorf("%w: aggregation: %w", ErrForm, err)
	}
	return in.Lists, checkAggregation(in.Lists)
}

// Aggregation writes what ParseAggregation reads. The error is [ErrForm].
func Aggregation(uris []string) ([]byte, error) {
	if err := checkAggregation(uris); err != nil {
		return nil, err
	}
	return json.Marshal(aggregationJSON{uris})
}

func checkAggregation(uris []string) error {
	if len(uris) == 0 || len(uris) > MaxAggregation {
		return fmt.Errorf("%w: aggregation of %d lists", ErrForm, len(uris))
	}
	seen := map[string]bool{}
	for _, uri := range uris {
		if !isAbsolute(uri) || seen[uri] {
			return fmt.Errorf("%w: aggregation with no absolute URI, or one twice", ErrForm)
		}
		seen[uri] = true
	}
	return nil
}
