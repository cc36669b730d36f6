// Package truststore keeps what a ledger.Client must remember in one file.
//
// The file holds the client's state as it is, at most ledger.MaxTrustState bytes. A
// second file, with the suffix ".lock", is locked while the first is read and
// replaced, so that several processes may share one store. A new state goes to a
// temporary file, is synced and renamed over the old one; the folder is synced last.
// When CompareAndSwap returns, the state survives a power failure.
//
// For example, a command line keeps agency/ledger.trust:
//
//	client, err := ledger.NewClient(ctx, trust, reader, truststore.File("agency/ledger.trust"), ledger.ClientOptions{})
//
// Not checked: that nobody replaced the file by an older copy, which takes back the
// highest checkpoint seen, or wrote another checkpoint into it. Agreements in it are
// verified again from the pinned trust file. Locks on network file systems may not
// hold.
package truststore
