// Package limits holds the size caps that every parser of untrusted bytes shares,
// so that an attacker's maximum memory can be read in one file.
package limits

// Caps in bytes unless the name says otherwise.
const (
	// Token caps one compact JWS, with its disclosures where it has any.
	Token = 256 << 10
	// Disclosures caps how many disclosures one SD-JWT may carry.
	Disclosures = 512
	// JSONDepth caps how deep a JSON document from outside may nest.
	JSONDepth = 32
	// JSONTokens caps the tokens of a JSON document from outside: names, values, braces
	// and brackets. A name of three bytes may cost a hundred once it is read.
	JSONTokens = 32 << 10
	// Identifier caps a DID, key id, schema id, claim name or ledger key.
	Identifier = 512
	// Document caps a DID document, schema file, policy file or trust file.
	Document = 64 << 10
	// Certificate caps one X.509 certificate of a chain.
	Certificate = 16 << 10
	// Anchors caps a file of trust anchors in PEM.
	Anchors = 1 << 20
	// CRL caps an X.509 certificate revocation list.
	CRL = 1 << 20
	// StatusToken caps a compressed status list token.
	StatusToken = 8 << 20
	// StatusList caps a status list after inflation.
	StatusList = 16 << 20
	// Message caps one protocol message (request, offer, response).
	Message = 256 << 10
	// QRText caps a QR text: version 40 at level L holds 4,296 characters.
	QRText = 4296
	// Operation caps one signed ledger operation.
	Operation = 16 << 10
	// Checkpoint caps a checkpoint with its cosignatures.
	Checkpoint = 16 << 10
	// Proof caps one ledger proof: a checkpoint, its state leaf and entries.
	Proof = 1 << 20
	// VerifierProof caps the ledger proof that a request carries of who asks.
	VerifierProof = 64 << 10
	// Bundle caps what a counter stores to work offline: proofs and files.
	Bundle = 32 << 20
	// Agencies caps the list of agencies that every wallet reads.
	Agencies = 16 << 20
	// FeedIndex caps the index of a revocation feed.
	FeedIndex = 64 << 10
	// FeedPart caps the revoked handles in one file of a feed: 5.5 million.
	FeedPart = 64 << 20
	// FeedRegistry caps the registry leaves in one file of a feed.
	FeedRegistry = 8 << 20
	// FeedCounts caps the proof of how many handles each bucket holds.
	FeedCounts = 1 << 20
	// CSV caps an imported table of residents.
	CSV = 64 << 20
	// CSVRows caps the rows of an imported table, each of which may be refused.
	CSVRows = 1 << 20
	// Record caps one sealed record of a vault.
	Record = 64 << 20
	// RecordTokens caps the tokens of a vault's record that is JSON. Entries of a status
	// list that wait to be revoked are a token each.
	RecordTokens = 4 << 20
	// Key caps a zero-knowledge proving key or circuit file.
	Key = 64 << 20
)
