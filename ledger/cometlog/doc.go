// Package cometlog is a ledger kept by a consortium: every agency runs a node,
// CometBFT orders the operations, and each node applies them to a state machine
// of its own (package machine) in one SQLite file. A reader gets the same
// checkpoints and the same proofs as from an embedded ledger, and verifies them
// with the same code; nothing in package ledger knows of this one.
//
// # What is signed
//
// The ledger's application hash in CometBFT is SHA-256 of "hufu/apphash/1" ‖
// 0x00 ‖ log root ‖ state root. After a block is committed, each node signs the
// checkpoint that it reached itself (C2SP tlog-cosignature) and passes the
// signature on to the others, who verify it. A checkpoint is published once more
// than two thirds of the nodes have signed; until then readers get the one
// before, with the state that belongs to it. No single key signs for the log,
// so trust.json has none.
//
// # A node
//
// A node is a folder:
//
//	node.json      addresses: see NodeConfig
//	trust.json     what readers are given
//	genesis.json   CometBFT's genesis document; app_state is a Genesis
//	cosign.key     signs checkpoints: Ed25519, PKCS #8 in PEM, mode 0600
//	vote.key       signs votes: CometBFT's format, mode 0600
//	peer.key       names the node to its peers: likewise
//	data/          ledger.db (package sqlitelog) and CometBFT's own
//
// The agencies decide together who belongs to them: a trust operation, signed by
// the threshold of the agreement before, names the nodes from then on. Its
// change takes effect two blocks later, as CometBFT rules.
//
// # Example
//
// Testnet(dir, 4, options) makes four folders for one machine. Open starts one of
// them; Submit hands a batch to the consortium and returns when it is in a
// published checkpoint; Prove proves a key under it.
//
// # Not checked
//
// With a third of the nodes or more conspiring, CometBFT promises nothing; with
// more than two thirds, nothing does, but for what readers keep (the highest
// checkpoint) and for an auditor's own replay. Block time is the median of the
// voters' clocks.
package cometlog
