package endpoint_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/endpoint"
)

// A library mounts the counter into its own server.
func Example() {
	hufutest.Run(hufutest.Options{}, func(ctx context.Context, c *hufutest.Country) {
		v, err := verifier.New(c.CounterConfig(c.Policy(nil)))
		if err != nil {
			panic(err)
		}
		handler, err := endpoint.New(endpoint.Config{Verifier: v, Base: "https://library.example/vp", Token: "0123456789abcdef0123456789abcdef"})
		if err != nil {
			panic(err)
		}
		mux := http.NewServeMux()
		mux.Handle("/vp/", http.StripPrefix("/vp", handler))

		r := httptest.NewRequestWithContext(ctx, "POST", "/vp/api/requests", strings.NewReader(`{"response_mode":"direct_post.jwt"}`))
		r.Header.Set("Authorization", "Bearer 0123456789abcdef0123456789abcdef")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.Contains(w.Body.String(), "openid4vp://?client_id=decentralized_identifier"))
	})
	// Output: 200 true
}
