// Package remote reads a ledger's public files from a web server, and serves them:
// [Client] is a publish.Source, and [NewHandler] serves a publish.Folder. Nothing
// that a server answers is believed: see package publish.
//
// # Protocol
//
//	GET ‹address›/‹name›
//
// where the name is one that publish.ParseName accepts. The answer is 200 with the
// file as its body, or 404 where there is none; a reader takes 410 for 404. Any web
// server that serves a folder of public files as it is will do.
//
// A reader sends no cookie, credential, referrer, query or conditional header: the
// requests of all readers for one file are the same. It follows no redirect,
// asks for no compression and reads no more than the name's cap. The address is
// https, or http on the reader's own machine.
//
// The handler answers GET and HEAD, to pages of any origin. It lets caches keep for
// ever what never changes (publish.Name.Fixed), and everything else for a minute.
//
// # Example
//
//	http.Handle("/public/", http.StripPrefix("/public", remote.NewHandler("ledger/public")))
//	// … and elsewhere
//	server, err := remote.New(remote.Options{}, "https://ledger.example/public")
//
// # Not checked
//
// Anything about a file but its size. A Transport that the caller brings may add to
// a request. So may a browser: its cache asks conditionally for what it has.
package remote
