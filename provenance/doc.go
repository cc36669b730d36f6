// Package provenance answers where a credential comes from: which key signed
// it, whether that key was its issuer's at the time, whether a chain of
// accreditations leads from the issuer to the trust root, whether its type is
// the one on the ledger, and whether it is revoked. Wallet and verifier ask it
// the same question, the one on receipt and the other at the counter.
//
// A [Source] answers who vouches for whom. [Ledger] rests on a ledger.View, which proves
// each value under a fresh and cosigned checkpoint. [X509] leads certificates to
// configured authorities, and [Pinned] knows agencies one by one: by their keys, did:jwk,
// did:key or did:web. [Sources] asks several. Verify is pure but for fetching the status
// token, and names the first step that fails:
//
//	issuer → accreditation → schema → signature → validity → status
//
// An [*Error] says which agency the step is about, which anchor it was held against,
// and for which deed it lacks an accreditation. Where nobody knows the issuer, an
// [*UnknownError] has the reason of each source.
//
// Off the ledger an anchor is trusted for the credential types that its [Trust] lists and
// for no other; there is no region and no schema. Type metadata that the reader
// configured is checked, and none is fetched. [IdentifyRequester] finds out who signed a
// request, by its client identifier.
//
// For example, Verify of a resident's credential returns the region it was issued
// for, and an Origin whose Chain leads from the issuing office to the root agency.
//
// What a compromised key signed does not count, whatever date it bears. An [Existence]
// shows, by an anchor on the ledger, that a credential is older than the theft; whoever
// passes what [Existence.Verify] found as Options.Existed lets it count.
//
// It does not check who presents the credential (key binding), what was asked,
// or anything in zero knowledge.
package provenance
