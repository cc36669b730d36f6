package verdict

// A Code names one reason for programs: lower-case words with dashes between. It
// is part of the API. A code is never renamed, its meaning never changes, and it
// is never used for another reason; new ones may come. A Code is either always
// refused or always unchecked.
type Code string

// Codes of no particular part.
const (
	Internal      Code = "internal"      // unchecked: no sentence here fits; the error says more
	Refused       Code = "refused"       // refused, for a reason that has no code
	Interrupted   Code = "interrupted"   // unchecked: somebody ended the work
	TimedOut      Code = "timed-out"     // unchecked: the time allowed was over
	Busy          Code = "busy"          // unchecked: another program works on the same data
	Configuration Code = "configuration" // unchecked: the program lacks something
)

// Codes of the vault.
const (
	VaultLocked         Code = "vault-locked"          // unchecked: wrong passphrase, or damaged
	VaultDamaged        Code = "vault-damaged"         // unchecked: not what was stored
	VaultRolledBack     Code = "vault-rolled-back"     // unchecked: an older state, or nothing tells
	VaultKeyLost        Code = "vault-key-lost"        // unchecked: the device lost the key for good
	VaultKeyUnsupported Code = "vault-key-unsupported" // unchecked: the device makes no such key
	NotFound            Code = "not-found"             // unchecked: nothing has this name
)

// Codes of reading the ledger.
const (
	LedgerUnreachable   Code = "ledger-unreachable"    // unchecked: no reply
	LedgerDamaged       Code = "ledger-damaged"        // unchecked: the ledger's store was altered
	LedgerRolledBack    Code = "ledger-rolled-back"    // unchecked: the ledger's own database is an older one
	LedgerStale         Code = "ledger-stale"          // unchecked: the newest state is too old
	LedgerBehind        Code = "ledger-behind"         // unchecked: a server that lags behind what was seen
	LedgerInconsistent  Code = "ledger-inconsistent"   // refused: two states contradict each other
	LedgerAnswer        Code = "ledger-answer"         // unchecked: an answer does not verify
	Clock               Code = "clock"                 // unchecked: this clock is behind the ledger's
	LedgerPaused        Code = "ledger-paused"         // unchecked: no checkpoint for longer than the operator allows
	LedgerReceipt       Code = "ledger-receipt"        // unchecked: a receipt that the ledger does not bear out
	WitnessesMissing    Code = "witnesses-missing"     // unchecked: too few cosignatures
	TrustFingerprint    Code = "trust-fingerprint"     // refused: another trust file than the pinned one
	TrustOld            Code = "trust-old"             // unchecked: a new trust file must come another way
	TrustDamaged        Code = "trust-damaged"         // unchecked: the reader's own memory was altered
	TrustChain          Code = "trust-chain"           // unchecked: agreements do not follow from the trust file
	NotOnLedger         Code = "not-on-ledger"         // refused: the ledger provably has no such entry
	EntryExpired        Code = "entry-expired"         // unchecked: an entry is past its own validity
	VerifyingKeyRetired Code = "verifying-key-retired" // unchecked: the ledger retired the circuits' key
	ConsentWithdrawn    Code = "consent-withdrawn"     // refused: the citizen took a grant back
)

// Codes of the ledger's public files.
const (
	PublicFilesUnreachable Code = "public-files-unreachable" // unchecked: no reply
	PublicFileMissing      Code = "public-file-missing"      // unchecked: it is not here
	PublicFileDiffers      Code = "public-file-differs"      // unchecked: another than the ledger names
	BundleDelta            Code = "bundle-delta"             // unchecked: for a counter with another bundle
	BundleGap              Code = "bundle-gap"               // unchecked: it does not extend the last one
)

// Codes of accreditation.
const (
	NotAccredited           Code = "not-accredited"             // refused: no accreditation allows it
	AccreditationSuspended  Code = "accreditation-suspended"    // refused
	AccreditationEnded      Code = "accreditation-ended"        // refused
	AccreditationRevoked    Code = "accreditation-revoked"      // refused: for cause
	AccreditationNotInForce Code = "accreditation-not-in-force" // refused: outside its period
	AccreditationChain      Code = "accreditation-chain"        // refused: not given by who may give it
	AgencyDeactivated       Code = "agency-deactivated"         // refused: the agency gave its identifier up
)

// Codes of an agency's keys and identifier.
const (
	NoAgency           Code = "no-agency"           // unchecked: the vault holds none
	AgencyExists       Code = "agency-exists"       // refused: the vault holds one already
	NoLedgerYet        Code = "no-ledger-yet"       // unchecked: the root agency's ledger is not founded
	OtherRoot          Code = "other-root"          // refused: another agency is the ledger's root
	LedgerNeeded       Code = "ledger-needed"       // unchecked: opened without a ledger
	KeysElsewhere      Code = "keys-elsewhere"      // unchecked: the keys are not in the vault
	NoSignatureKey     Code = "no-signature-key"    // unchecked: none in force is at hand
	NoChangeKey        Code = "no-change-key"       // unchecked: none that may change the identifier
	NoSuchKey          Code = "no-such-key"         // refused: not one of the agency's
	ChangePending      Code = "change-pending"      // unchecked: not known whether the ledger has it
	NoSuchGrant        Code = "no-such-grant"       // refused: the agency gave none
	AgreementOther     Code = "agreement-other"     // refused: not the consortium's next agreement
	NoSay              Code = "no-say"              // unchecked: no key at hand may sign the next agreement
	LedgerBudget       Code = "ledger-budget"       // refused: as many bytes as an agency, or all newcomers, may record in a day
	NewerRules         Code = "newer-rules"         // unchecked: the ledger's rules are newer than the program
	TranscriptMismatch Code = "transcript-mismatch" // refused: transcript and setup do not fit
)

// Codes of writing to the ledger.
const (
	EntryRefused   Code = "entry-refused"   // refused, for a reason that has no code
	EntryValue     Code = "entry-value"     // unchecked: a value is outside its range; nothing was sent
	AgencySubject  Code = "agency-subject"  // unchecked: a name, code or contact is missing or malformed; nothing was sent
	AgencyTaken    Code = "agency-taken"    // refused: another agency bears the name or the code
	EntryMissing   Code = "entry-missing"   // refused: it refers to what is not there
	NotAllowed     Code = "not-allowed"     // refused: none of the signers may do this
	LedgerConflict Code = "ledger-conflict" // refused: the ledger says something else
	LedgerFull     Code = "ledger-full"     // refused
	UseCounted     Code = "use-counted"     // refused: this person was counted before
	UseProof       Code = "use-proof"       // refused: the proof of a use does not hold
)

// Codes of keys, signatures and messages.
const (
	KeyNotInForce         Code = "key-not-in-force"       // refused: not in force when it signed
	KeyCompromised        Code = "key-compromised"        // refused: others may have it
	ExistenceFalse        Code = "existence-false"        // refused: the ledger does not show that it existed
	KeyUnknown            Code = "key-unknown"            // refused: the agency has no such key
	KeyMalformed          Code = "key-malformed"          // refused: malformed or not supported
	IdentifierInvalid     Code = "identifier-invalid"     // refused: not a DID, or of an unknown method
	AlgorithmNotAllowed   Code = "algorithm-not-allowed"  // refused
	Signature             Code = "signature"              // refused: a signature does not hold
	EncryptionUnsupported Code = "encryption-unsupported" // refused: a key or an algorithm that is not built in
	EncryptionOther       Code = "encryption-other"       // refused: to another key, or altered
	SignerFailed          Code = "signer-failed"          // unchecked: the key did not sign
	MessageMalformed      Code = "message-malformed"      // refused: incomplete, or of another kind
	TextIllegible         Code = "text-illegible"         // refused: a text of invisible or misleading characters
	FormatUnsupported     Code = "format-unsupported"     // refused: a credential format that is not built in
)

// Codes of a credential.
const (
	IssuerSignature     Code = "issuer-signature"     // refused: the issuer did not sign it
	Expired             Code = "expired"              // refused
	NotYetValid         Code = "not-yet-valid"        // refused
	Altered             Code = "altered"              // refused: changed after the holder signed
	BindingMissing      Code = "binding-missing"      // refused: the holder did not sign
	HolderSignature     Code = "holder-signature"     // refused: the holder's signature does not hold
	OtherCounter        Code = "other-counter"        // refused: shown to another counter
	OtherRequest        Code = "other-request"        // refused: shown for another request
	BindingAge          Code = "binding-age"          // refused: the holder signed at another time
	ClaimMissing        Code = "claim-missing"        // refused: the credential has no such claim
	SchemaMalformed     Code = "schema-malformed"     // refused: the template's file
	SchemaMissing       Code = "schema-missing"       // unchecked: the template's file is not here
	SchemaDiffers       Code = "schema-differs"       // unchecked: the template's file is not the ledger's
	SchemaMismatch      Code = "schema-mismatch"      // refused: of another type than its template
	EndorsementMismatch Code = "endorsement-mismatch" // refused: the endorsement signs other claims
	Revoked             Code = "revoked"              // refused: for good
	Suspended           Code = "suspended"            // refused: for now
	StatusUnknown       Code = "status-unknown"       // refused: a status that only its issuer understands
	Undated             Code = "undated"              // refused: it says no term
	StatusMissing       Code = "status-missing"       // refused: it stands in no status list
	StatusStale         Code = "status-stale"         // unchecked: the status list is too old
	StatusUnreadable    Code = "status-unreadable"    // unchecked: the status list cannot be had or verified
	StatusFull          Code = "status-full"          // unchecked: the issuer's list has no room
)

// Codes of zero knowledge.
const (
	NotMet              Code = "not-met"               // refused: what was asked is not true
	PrepareProof        Code = "prepare-proof"         // refused: the proof of a valid credential
	StatementProof      Code = "statement-proof"       // refused: the proof of what was asked, for this request
	OtherHolder         Code = "other-holder"          // refused: credentials of several people
	EpochOld            Code = "epoch-old"             // refused: the proof is too old
	EpochAhead          Code = "epoch-ahead"           // unchecked: the proof is newer than the data at hand
	NoEpoch             Code = "no-epoch"              // unchecked: the ledger has closed none yet
	IssuerNotRegistered Code = "issuer-not-registered" // refused: its issuer is not accredited in this epoch
	RevocationData      Code = "revocation-data"       // unchecked: it does not fit the ledger
	CrowdTooSmall       Code = "crowd-too-small"       // refused: reading the revocation data would tell too much
	RuleMissing         Code = "rule-missing"          // unchecked: the ledger has not the rule of a counted event
	VerifyingKeyMissing Code = "verifying-key-missing" // unchecked: the key that the ledger names is not here
	SinglePartyKeys     Code = "single-party-keys"     // unchecked: one machine made the circuits' keys
	NotProvable         Code = "not-provable"          // refused: no proof can be made of this credential here
	ValueOutOfRange     Code = "value-out-of-range"    // refused: proofs cannot speak of this value
	RevealedValues      Code = "revealed-values"       // refused: not the values that were asked for
	IdentityType        Code = "identity-type"         // refused: the type is not bound by that identity credential
	IdentityTypes       Code = "identity-types"        // refused: several identity types do not show one person
	OtherPerson         Code = "other-person"          // refused: the identity credential names somebody else
	IdentityMissing     Code = "identity-missing"      // refused: no proof of an identity credential
	NoIdentity          Code = "no-identity"           // refused: the wallet holds no identity credential for this type
)

// Codes of a request and its answer.
const (
	AnswerClear            Code = "answer-clear"             // refused: not encrypted as it was asked for
	RequestUnsigned        Code = "request-unsigned"         // refused: nothing but an address says who asks
	RequestGone            Code = "request-gone"             // refused: no request at its address
	CounterUnreachable     Code = "counter-unreachable"      // unchecked: the counter does not answer
	AnswerUndelivered      Code = "answer-undelivered"       // unchecked: whether it arrived is not known
	AnswerNotTaken         Code = "answer-not-taken"         // refused: the counter did not accept it
	Declined               Code = "declined"                 // refused: the wallet sent an error in place of an answer
	SessionOther           Code = "session-other"            // refused: another browser than the one that asked
	TransactionData        Code = "transaction-data"         // refused: unknown, or not what was authorised
	RequestMalformed       Code = "request-malformed"        // refused
	RequestSigner          Code = "request-signer"           // refused: not signed by whom it names
	RequestExpired         Code = "request-expired"          // refused: outside its period
	SayingDiffers          Code = "saying-differs"           // refused: it would be counted with other words
	RequestUnknown         Code = "request-unknown"          // refused: this counter did not make it
	RequesterNotAccredited Code = "requester-not-accredited" // refused: the requester may not ask this
	RequesterUnproved      Code = "requester-unproved"       // unchecked: nothing at hand proves who asks
	RefreshFirst           Code = "refresh-first"            // unchecked: what was read of the ledger is too old
	QuestionNotAllowed     Code = "question-not-allowed"     // refused: it cannot be asked of this type
	NotForShow             Code = "not-for-show"             // refused: it asks for what never leaves a wallet
	NothingMatches         Code = "nothing-matches"          // refused: nothing in the wallet answers
	ConsentDiffers         Code = "consent-differs"          // refused: not what was consented to
	AnswerMismatch         Code = "answer-mismatch"          // refused: it lacks what was asked for
	AnswerUnasked          Code = "answer-unasked"           // refused: it holds what was not asked for
	AnswerLate             Code = "answer-late"              // refused: the request had expired
	Replayed               Code = "replayed"                 // refused: answered before
	UsedOnce               Code = "used-once"                // refused: this person was served before
	CounterRolledBack      Code = "counter-rolled-back"      // unchecked: an older store, or nothing tells
	PolicyUnknown          Code = "policy-unknown"           // unchecked: the policy that was asked under is not here
	PolicyMalformed        Code = "policy-malformed"         // refused: the policy's file
	IssuerNotNamed         Code = "issuer-not-named"         // refused: the policy names other issuers
	EndorsementDisclosed   Code = "endorsement-disclosed"    // refused: the answer carries the endorsement
)

// Codes of issuing.
const (
	OfferMalformed         Code = "offer-malformed"          // refused, or of a kind that is not taken
	OfferByReference       Code = "offer-by-reference"       // refused: it must be fetched first
	OfferUnknown           Code = "offer-unknown"            // refused: this desk did not make it
	OfferUsed              Code = "offer-used"               // refused: taken up before
	OfferExpired           Code = "offer-expired"            // refused: not taken up in time
	OfferOtherType         Code = "offer-other-type"         // refused: another credential type than the offer's or the desk's
	OfferOtherWay          Code = "offer-other-way"          // refused: taken up by signing in, or over a connection
	TxCodeWrong            Code = "tx-code-wrong"            // refused: another transaction code
	TxCodeMissing          Code = "tx-code-missing"          // refused: none was given, or none is asked for
	TransactionUnknown     Code = "transaction-unknown"      // refused: nothing waits under this id
	ApplicationDenied      Code = "application-denied"       // refused: a clerk decided so
	NotDeferred            Code = "not-deferred"             // refused: the offer waits for no clerk
	NotificationUnknown    Code = "notification-unknown"     // refused: of no answer of this desk
	HeldAlready            Code = "held-already"             // refused: this person holds a credential of the type
	ApplicationProof       Code = "application-proof"        // refused: it does not show the wallet's key
	ApplicationOtherDesk   Code = "application-other-desk"   // refused: made for another desk
	ApplicationOtherOffer  Code = "application-other-offer"  // refused: made for another offer
	ApplicationOld         Code = "application-old"          // refused: not fresh
	ApplicationUnsupported Code = "application-unsupported"  // refused: it asks for what is not built in
	OtherWallet            Code = "other-wallet"             // refused: this person has another wallet, or the wallet another person
	TableOnePerson         Code = "table-one-person"         // refused: a new binding takes a table of one person
	TableMalformed         Code = "table-malformed"          // refused: the table as a whole
	TableEncoding          Code = "table-encoding"           // refused: somebody must say in which encoding it is
	CannotIssue            Code = "cannot-issue"             // refused: the claims do not fit the type
	NotIssued              Code = "not-issued"               // refused: nothing was issued under this offer
	RevokedBefore          Code = "revoked-before"           // refused
	ChangeDropped          Code = "change-dropped"           // refused: the ledger refused it, and nothing has changed
	ListNotPublic          Code = "list-not-public"          // unchecked: on the ledger, and its file is not replaced yet
	NotAppliedFor          Code = "not-applied-for"          // refused: this wallet did not apply for it
	ReceivedBefore         Code = "received-before"          // refused
	OtherIssuer            Code = "other-issuer"             // refused: not the issuer of the offer
	NobodyVouches          Code = "nobody-vouches"           // refused: nobody whom the wallet trusts says who the issuer is
	OtherCredential        Code = "other-credential"         // refused: another than was offered, or copies that differ
	NotReissued            Code = "not-reissued"             // refused: nothing was signed in its place
	NotAnchored            Code = "not-anchored"             // refused: no anchor covers it
	OtherHolderKey         Code = "other-holder-key"         // refused: not signed with the credential's holder key
	ReissueDiffers         Code = "reissue-differs"          // refused: it says something else than the one before
	ReissueUnanswered      Code = "reissue-unanswered"       // unchecked: the issuer did not hand it out
	ApplicationOtherWallet Code = "application-other-wallet" // refused: another wallet signed in
	WalletUnattested       Code = "wallet-unattested"        // refused: nobody vouches for the wallet
	IssuerAddress          Code = "issuer-address"           // refused: the address is not the issuer's
	IssuerAnswer           Code = "issuer-answer"            // refused: what the issuer sent is malformed
	SignInOther            Code = "sign-in-other"            // refused: the answer to another sign-in
)

// Codes of taking up an offer over the network.
const (
	AttestationWanted Code = "attestation-wanted" // refused: nobody vouches for the wallet or its keys
	CodeRefused       Code = "code-refused"       // refused: the issuer does not take the code
	IssuanceDenied    Code = "issuance-denied"    // refused: the issuer will not, or nobody signed in
	IssuanceEnded     Code = "issuance-ended"     // refused: its token counts no more
	AddressRefused    Code = "address-refused"    // refused: not https, or not public
	IssuerUnsupported Code = "issuer-unsupported" // refused: the issuer wants what is not built in
	IssuerUnreachable Code = "issuer-unreachable" // unchecked: no reply, or not now
	IssuerRefused     Code = "issuer-refused"     // refused, for a reason that has no code
)

// Codes of a ceremony and of the circuits' keys.
const (
	KeyFile             Code = "key-file"             // unchecked: a key file is damaged or missing
	CircuitUnknown      Code = "circuit-unknown"      // unchecked: this program has no such circuit
	CeremonyForm        Code = "ceremony-form"        // refused: not what the program writes
	CeremonyChain       Code = "ceremony-chain"       // refused: a contribution is missing or misplaced
	CeremonySignature   Code = "ceremony-signature"   // refused: the participant did not sign
	CeremonyProof       Code = "ceremony-proof"       // refused: it does not follow from the one before
	CeremonyBeacon      Code = "ceremony-beacon"      // refused: not the value that the plan names
	CeremonyKeys        Code = "ceremony-keys"        // refused: not the keys of the contributions
	CeremonyTranscript  Code = "ceremony-transcript"  // refused: it does not match the files
	CeremonyFew         Code = "ceremony-few"         // refused: too few contributions
	CeremonyOtherKey    Code = "ceremony-other-key"   // refused: not the agency's key on the ledger
	CeremonyFile        Code = "ceremony-file"        // unchecked: a file is missing or unreadable
	CeremonyVersion     Code = "ceremony-version"     // unchecked: for other circuits
	CeremonyPlan        Code = "ceremony-plan"        // refused: it cannot be carried out
	CeremonyMemory      Code = "ceremony-memory"      // unchecked: the memory lies in the ceremony's folder
	CeremonyExists      Code = "ceremony-exists"      // refused: the folder has one already
	CeremonyParticipant Code = "ceremony-participant" // refused: the plan does not list this agency
	CeremonyTurn        Code = "ceremony-turn"        // refused: another agency comes first
	CeremonyAgain       Code = "ceremony-again"       // refused: contributed before
	CeremonySealed      Code = "ceremony-sealed"      // refused: it is over
	CeremonyEarly       Code = "ceremony-early"       // refused: the phase has not ended
	CeremonyLate        Code = "ceremony-late"        // refused: the phase has ended
)
