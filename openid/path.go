package openid

import (
	"fmt"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
)

// checkPath checks a claims path pointer (OpenID4VP 1.0 section 7) against the
// bounds of a query. Package credential interprets it.
func checkPath(path credential.Path) error {
	if len(path) == 0 || len(path) > limits.JSONDepth {
		return fmt.Errorf("%w: path is missing, empty or too long", ErrQuery)
	}
	if _, ok := path[0].(string); !ok {
		return fmt.Errorf("%w: a path begins with a name", ErrQuery)
	}
	for _, element := range path {
		switch e := element.(type) {
		case nil:
		case string:
			if !isIdentifier(e) {
				return fmt.Errorf("%w: name in a path is empty, too long or illegible", ErrQuery)
			}
		case int:
			if e < 0 {
				return fmt.Errorf("%w: negative number in a path", ErrQuery)
			}
		default:
			return fmt.Errorf("%w: a path holds strings, whole numbers and nulls", ErrQuery)
		}
	}
	return nil
}
