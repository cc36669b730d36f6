// Package cometlog is a ledger that a consortium keeps. Every agency runs a
// node, CometBFT orders the operations, and each node applies them to its own
// state machine (package machine) in one SQLite file. A reader gets the same
// checkpoints and proofs as from an embedded ledger and verifies them with the
// same code. Nothing in package ledger knows about this package.
//
// # What is signed
//
// The ledger's application hash in CometBFT is SHA-256 of "hufu/apphash/1" ‖
// 0x00 ‖ log root ‖ state root. After a block is committed, each node signs the
// checkpoint that it reached itself (C2SP tlog-cosignature) and sends the
// signature to the others, who verify it. A checkpoint is published once more
// than two thirds of the nodes have signed it. Until then readers get the one
// before, with its state. No single key signs for the log, so trust.json has
// none.
//
// # A node
//
// A node is a folder:
//
//	node.json      addresses: see NodeConfig
//	trust.json     the trust file for readers
//	genesis.json   CometBFT's genesis document; app_state is a Genesis
//	cosign.key     signs checkpoints: Ed25519, PKCS #8 in PEM, mode 0600
//	vote.key       signs votes: CometBFT's format, mode 0600
//	peer.key       names the node to its peers: likewise
//	data/          ledger.db (package sqlitestore) and CometBFT's own
//
// The agencies decide together who belongs to the consortium: a trust
// operation, signed by the threshold of the agreement before, names the nodes
// from then on. The change takes effect two blocks later, as CometBFT requires.
//
// # A block
//
// A block has at most 2 MiB and 256 uses, whose zero-knowledge proofs every node
// verifies, once. A node votes for no block with a transaction that is malformed or
// repeated, for none that is more than 60 seconds ahead of its clock, and for none
// that comes long after the last checkpoint (Options.MaxPause).
//
// # Example
//
// Testnet(dir, 4, options) makes four folders for one machine. Open starts one
// of them. Submit passes a batch to the consortium and returns when it is in a
// published checkpoint. Prove proves a key under it.
//
// # Readers
//
// Readers of a node share a few connections, each for one statement at a time, and the
// published state comes from the newest database and from memory. So neither a long read
// nor many of them keep the write-ahead log from being cut, or the node from applying
// blocks. Status has the sizes of both files; the node's log warns when they grow large.
//
// # Not checked
//
// If a third of the nodes or more conspire, CometBFT promises nothing. If more
// than two thirds conspire, only two things protect a reader: the highest
// checkpoint that it kept, and an auditor's own replay. Block time is the
// median of the voters' clocks. A node judges it by its own clock before it
// votes, and not what the others have decided.
package cometlog
