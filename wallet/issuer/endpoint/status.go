package endpoint

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/status"
	lists "github.com/hufu-id/hufu/status/endpoint"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// keepLists is how long caches may keep a status list of the desk, which names no ttl.
const keepLists = 5 * time.Minute

// published has the status lists of a desk, whatever lists it comes to have.
type published struct {
	*lists.Published
	desk *issuer.Desk
	base string
}

// URIs implements lists.Lists. A list from before the desk had this URL is not at it.
func (p *published) URIs(ctx context.Context) ([]string, error) {
	uris, err := p.desk.StatusLists(ctx)
	uris = slices.DeleteFunc(uris, func(uri string) bool { return !strings.HasPrefix(uri, p.base) })
	return uris[:min(len(uris), status.MaxAggregation)], err
}

// openLists makes the handler of the status lists, where the desk publishes any.
func (s *Server) openLists() (err error) {
	if s.cfg.Lists == nil {
		return nil
	}
	base := s.url + pathStatus
	s.lists, err = lists.New(base, &published{&lists.Published{
		Source: s.cfg.Lists, Key: s.of.Keys.Key, Header: did.Header{Kid: s.of.Keys.KeyID, X5C: s.of.Chain},
	}, s.desk, base}, lists.Options{Clock: s.of.Clock, Unsaid: keepLists})
	return err
}

// serveStatus answers with a status list or the aggregation (draft-ietf-oauth-status-list-20,
// sections 8.1 and 9.3).
func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request) error {
	below := *r
	below.URL = &url.URL{
		Path: "/" + r.PathValue("list"), RawPath: "/" + strings.TrimPrefix(r.URL.EscapedPath(), s.path+pathStatus), RawQuery: r.URL.RawQuery,
	}
	s.lists.ServeHTTP(w, &below)
	return nil
}
