// Package verdict says in plain words what an error means: what happened, and
// what to do next.
//
// An error of this library is one of two kinds. Refused means checked and false:
// asking again changes nothing. Unchecked means that something could not be
// found out: it is neither a yes nor a no. A [Table] pairs the sentinels of the
// library with a [Verdict] each: the kind, a stable [Code] for programs, the
// [Check] that failed, and sentences in English and Chinese for people.
//
// [Classify] and [Describe] know the sentinels of the packages below the roles:
// did, credential, status, ledger, zkp, openid, predicate, provenance, publish and
// vault.
// wallet, issuer, verifier and ceremony keep rows of their own, which their
// Verdicts functions return, and their Rejected and Unchecked errors state their
// verdict themselves. A program that uses several of them joins the rows:
//
//	rows := slices.Concat(wallet.Verdicts(), verifier.Verdicts())
//	v, known := rows.Classify(err)
//
// For example a counter gets an answer that was given before. verifier.Verify
// returns a *verifier.Rejected; Classify gives it the code "replayed", the check
// "replay", and Describe(err, "zh-CN") says 此请求已有应答，每次应答只计一次。
// 请重新发起请求。
//
// A sentence never repeats the text of an error. An error that no row knows has
// the code [Internal] and one sentence, which says that it could not be checked.
//
// What is not checked here: whether an error is true. A verdict repeats what the
// code that made the error found.
package verdict
