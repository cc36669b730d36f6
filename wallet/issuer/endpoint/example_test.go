package endpoint_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/wallet/issuer/endpoint"
)

// mount serves a desk whose URL is https://office.example/desk.
func mount(ctx context.Context, mux *http.ServeMux, desk *issuer.Desk, signIn endpoint.Authenticator) error {
	server, err := endpoint.New(ctx, endpoint.Config{Desk: desk, Authenticator: signIn})
	if err != nil {
		return err
	}
	mux.Handle("/desk/", server)
	mux.Handle("/.well-known/", server)
	return nil
}

// A program that has a desk mounts it beside what else it serves.
func Example() {
	hufutest.Run(hufutest.Options{}, func(ctx context.Context, c *hufutest.Country) {
		cfg := c.DeskConfig(c.Office)
		cfg.URL = "https://office.example/desk"
		desk, err := issuer.New(cfg)
		mux := http.NewServeMux()
		if err == nil {
			err = mount(ctx, mux, desk, endpoint.AnyoneUnsafe{})
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, httptest.NewRequest("GET", "/.well-known/openid-credential-issuer/desk", nil))
		fmt.Println(answer.Code, answer.Header().Get("Content-Type"))
	})
	// Output: 200 application/json
}
