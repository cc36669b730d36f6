// Package httpserve serves the HTTP endpoints of desks and counters to strangers: one
// place for timeouts, sizes, headers and the number of requests at a time.
//
// [Serve] runs a server whose connections end in time: 2 s for a request's header, 5 s
// for its body, 10 s for the answer, 15 s idle. A handler that streams, such as
// server-sent events, moves its own deadlines with http.ResponseController, which reaches
// through [Protect].
//
// [Protect] wraps a handler:
//
//   - The answer is not stored, not sniffed and loads nothing from elsewhere.
//   - A page of another origin cannot make a browser post here (http.CrossOriginProtection),
//     except below the paths that [Options.Public] names. Those read no cookie.
//   - A body has at most 256 KiB. One that names a greater length is not read.
//   - One address makes at most [Options.PerMinute] requests a minute; 429 after that.
//   - At most [Options.Places] requests run at a time, and as many wait for at most 2 s;
//     503 for those that find no place.
//   - A panic is a 500 that says nothing.
//
// # Not checked
//
// Who asks. Behind a proxy every request comes from the proxy's address: tell
// [Options.Address] where the proxy writes the real one.
package httpserve
