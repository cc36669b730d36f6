// Package sqlitelog is a ledger in one SQLite file, without a server: the log,
// the state map and a replaying witness, for one agency or for trying out.
//
// A ledger is a folder:
//
//	log.db       everything the ledger holds
//	witness.db   the witness's own copy
//	log.key      the log's private key, PKCS #8 in PEM, mode 0600
//	witness.key  the witness's, likewise
//	trust.json   what readers are given (see ledger.TrustFile)
//	log.db.head  size and root that log.db has reached (package internal/headfile)
//
// Its readers get trust.json and, by another way, its fingerprint.
//
// Both databases are as package sqlitestore says. Every operation is applied to both, and a checkpoint
// is cosigned only if both come to it. Table checkpoint of log.db holds every
// signed checkpoint by height. log.db is committed first, so a crash leaves either
// the whole batch, cosigned, or nothing; a witness that is behind then follows
// before anything is signed again. One that is ahead means that log.db was
// replaced by an older copy, and nothing is opened. A backup is log.db.head, witness.db
// and log.db, taken in this order.
//
// The head file is on the disk before a batch is acknowledged. A ledger that lacks what it
// says is ErrRolledBack: a log was deleted, or older copies of both databases put back. It
// is refused before anything is signed, for the same sizes were signed before. Nothing here
// tells where the head file was put back with them: Options.Known asks elsewhere. A witness
// elsewhere has a head file, too, witness.db.head.
//
// Where the trust file asks for more witnesses than this one, others follow the
// log elsewhere (Witness) and send their signatures (AddCosignature). What too few
// have signed is on disk, but no reader sees it and no Submit returns; readers go
// on with the state before. One process then has the ledger open to write.
//
// Submissions that come at once share a checkpoint and an fsync (group commit).
//
// Submit returns when the batch is on disk. Where it returns an error other than
// a [ledger.RefusedError], the batch may be on disk nevertheless; submitting the same
// operations again is then safe and returns their first receipts.
//
// For example: Init makes the folder, with the root agency's DID and the first
// trust object in it; Submit(ctx, op) with a signed schema appends two leaves,
// the operation and the state leaf, and returns its index; Prove(ctx,
// ledger.SchemaKey("resident", 1)) returns what ledger.Verify needs to believe
// it, given trust.json alone. Heartbeat keeps an idle ledger fresh and closes its
// epochs; something must call it often enough.
//
// Several processes may have one folder open, one of them writing at a time.
//
// Not checked here: whoever has both keys and the files can rewrite history; the
// witness is in the same process and guards against a damaged or altered file,
// not against its operator. A reader who keeps the newest checkpoint it saw finds
// out (ledger.CheckConsistency), and so do witnesses elsewhere.
package sqlitelog
