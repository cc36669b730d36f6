// Package endpoint is a counter's HTTP side: other programs make requests with it, wallets
// fetch them and post their answers.
//
// # Endpoints
//
// [New] makes one http.Handler. Paths are below [Config.Base]:
//
//	POST /api/requests              makes a request                       (bearer token)
//	GET  /api/requests/{id}         what became of it                     (bearer token)
//	POST /api/requests/{id}/redeem  unseals a result                      (bearer token)
//	GET  /request/{id}              the request object (OpenID4VP 1.0 section 5)
//	POST /request/{id}              the same, with wallet_nonce (section 5.10)
//	POST /response                  an answer (sections 8.2 and 8.3.1)
//	GET  /openapi.json              all of this, as OpenAPI 3.1
//
// A refusal is JSON: "error", as OAuth 2.0 has it, "code", as package verdict has it, and
// "error_description", a sentence in English or Chinese. Nothing that was refused changes
// anything but the count of refusals.
//
// # One device, or two
//
// A request from a browser on the wallet's own device names a redirect_uri and a session,
// such as the value of the browser's cookie. The wallet sends the browser back there with
// a response_code. The result is sealed until the program that asked redeems code and
// session: somebody who shows his request to another person's wallet never gets the code
// (OpenID4VP 1.0 section 14.2, HAIP 1.0 section 5.1). A QR code for another device has no
// such protection: keep it to places where both are seen, such as a counter.
//
// # Example
//
//	handler, err := endpoint.New(endpoint.Config{
//		Verifier: v, Base: "https://counter.example/vp", Token: token,
//	})
//	// …
//	mux.Handle("/vp/", http.StripPrefix("/vp", handler))
//
// [Serve] runs a server with bounded times. Limits are those of package
// internal/httpserve: 256 KiB a body, 600 requests a minute from one address.
//
// # Not checked
//
// Who has the bearer token may ask whatever the policies allow, and read every result.
package endpoint
