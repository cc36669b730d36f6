package client

import (
	"net/http"

	"github.com/hufu-id/hufu/internal/fetch"
)

// Fetched is an answer that was read whole.
type Fetched = fetch.Response

// Between puts a function between a client and the network.
func (c *Client) Between(through func(r *http.Request, send func(*http.Request) (*Fetched, error)) (*Fetched, error)) {
	inner := c.http
	c.http = doerFunc(func(r *http.Request, limit int64) (*Fetched, error) {
		return through(r, func(r *http.Request) (*Fetched, error) { return inner.Do(r, limit) })
	})
}

type doerFunc func(r *http.Request, limit int64) (*Fetched, error)

func (f doerFunc) Do(r *http.Request, limit int64) (*Fetched, error) { return f(r, limit) }
