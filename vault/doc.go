// Package vault keeps secrets and records: a citizen's credentials and keys, an
// agency's keys, a desk's offers.
//
// A [Store] holds records in transactions. A [KeyStore] makes keys and signs
// with them. No method returns private bytes, so that a phone's enclave, an HSM
// and a software key look alike. [NewMemoryStore] forgets everything when the
// process ends. Package vault/sqlitevault is the durable store: one encrypted
// SQLite file. [NewSoftwareKeys] keeps keys as records of any Store.
//
// For example, a wallet opens a sqlitevault.Store, passes it to
// NewSoftwareKeys, and keeps credentials and keys in the same file.
//
// Package vault/vaulttest has the contract suite for drivers of both
// interfaces.
//
// This package does not check that a store encrypts its records, or that the
// owner is present when a key signs (KeySpec.UserAuth; software keys refuse
// it).
package vault
