// Package cosign collects the signatures under which an engine publishes: an
// engine signs a checkpoint once its state is on disk, others sign it after that,
// and readers see the state once enough have. The engines of packages sqlitelog
// and cometlog publish through it.
//
// # Format
//
// A checkpoint is C2SP tlog-checkpoint text, signed as C2SP signed-note and
// cosigned as C2SP tlog-cosignature, cosignature/v1: see ledger.OpenCheckpoint.
// A signing key is a file with one PEM block "PRIVATE KEY": an Ed25519 key in
// PKCS #8, mode 0600.
//
// # Example
//
// Of four nodes three must sign. A node commits a block and calls Committed: it
// signs the checkpoint, keeps a snapshot of the state, and has the signature
// spread. Add takes the signatures of the others. With the third, View shows the
// new state, Await returns, and Keep stores the checkpoint with the next block.
//
// # Not checked
//
// Whether a signer should have signed: a witness that replays has looked at the
// state, another has not. A snapshot is given up when MaxPending newer states
// wait; readers then get the next state that enough have signed. Readers share a
// snapshot and hold nobody up.
package cosign
