package zkp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Conditions that nothing can make true, with what they ask a library for.
var unreachable = []string{
	"zkp/attribute.go: EncodeString: e.IsZero()",                            // a preimage of SHA-256
	"zkp/key.go: NewPrivateKey: k.scalar.Sign() == 0",                       // another
	"zkp/key.go: SignCredential: _, err := rand.Read(fresh[:]); err != nil", // never fails
	"zkp/presentation.go: ParseProof: string(p.Bytes()) != string(b)",       // the library refuses other spellings, too
	"zkp/revocation.go: Gap: err != nil",                                    // the bucket was built before
	"zkp/revocationpart.go: proveCount: err != nil",                         // so it was here
	"zkp/revocationpart.go: RootOver: err != nil (2)",                       // as many roots as there is room for
	"zkp/verifyingkey.go: readVerifyingKey: string(k.Bytes()) != string(b)",
	"zkp/verifyingkey.go: precompute: k.alphaBeta, err = bn254.Pair([]bn254.G1Affine{k.alpha}, []bn254.G2Affine{k.beta}); err != nil",
	"zkp/verifyingkey.go: verify: err != nil", // as many points as there are
	"zkp/verifyingkey.go: verify: err != nil (2)",
}

// What a guard refuses first, others refuse behind it: they are removed together.
var behind = map[string][]string{
	"zkp/attribute.go: ParseDay: err != nil": {"zkp/attribute.go: DayOf: y < 1900 || y > 9999"},
	"zkp/key.go: parsePoint: len(b) != PublicKeySize": {
		"zkp/key.go: parsePoint: _, err := p.SetBytes(b); err != nil",
		"zkp/key.go: parsePoint: again := p.Bytes(); string(again[:]) != string(b) || !p.IsOnCurve()",
	},
	"zkp/key.go: parsePoint: _, err := p.SetBytes(b); err != nil": {"zkp/key.go: parsePoint: again := p.Bytes(); string(again[:]) != string(b) || !p.IsOnCurve()"},
	// A signature comes from ParseSignature, and so does its point.
	"zkp/key.go: VerifySignature: !sig.r.IsOnCurve()": {"zkp/key.go: parsePoint: again := p.Bytes(); string(again[:]) != string(b) || !p.IsOnCurve()"},
	"zkp/presentation.go: ParseProof: _, err := p.A.SetBytes(b[:32]); err != nil": {
		"zkp/presentation.go: ParseProof: p.A.IsInfinity() || p.B.IsInfinity() || p.C.IsInfinity()", "zkp/presentation.go: ParseProof: string(p.Bytes()) != string(b)",
	},
	"zkp/presentation.go: ParseProof: _, err := p.C.SetBytes(b[96:]); err != nil": {
		"zkp/presentation.go: ParseProof: p.A.IsInfinity() || p.B.IsInfinity() || p.C.IsInfinity()", "zkp/presentation.go: ParseProof: string(p.Bytes()) != string(b)",
	},
	"zkp/revocation.go: sort: b < r.first || b >= r.last": {"zkp/revocationpart.go: NewRevocationPart: root := t.root(); !root.Equal(&given[b])"},
	"zkp/revocationpart.go: VerifyCounts: counts[b], root, err = r.bucket(b, empty); err != nil": {
		"zkp/revocationpart.go: VerifyCounts: !root.Equal(&given[b])",
	},
	"zkp/revocationpart.go: bucket: bucketOf(last[0]) != bucket": {"zkp/revocationpart.go: VerifyCounts: !root.Equal(&given[b])"},
	"zkp/revocationpart.go: bucket: root, err = r.climb(root, digit(count, height), empty[height]); err != nil": {
		"zkp/revocationpart.go: VerifyCounts: !root.Equal(&given[b])",
	},
	"zkp/revocationpart.go: climb: err != nil": {
		"zkp/revocationpart.go: climb: children[i], err = ParseElement(b); err != nil", "zkp/revocationpart.go: VerifyCounts: !root.Equal(&given[b])",
	},
	"zkp/revocationpart.go: climb: children[i], err = ParseElement(b); err != nil": {
		"zkp/revocationpart.go: VerifyCounts: !root.Equal(&given[b])",
	},
	"zkp/witness.go: Check: err != nil": {"zkp/endorsement.go: Message: e.Issuance.Kind != ScopeIssuance"},
	"zkp/verifyingkey.go: readVerifyingKey: _, err := k.alpha.SetBytes(rest[:32]); err != nil":               {"zkp/verifyingkey.go: readVerifyingKey: string(k.Bytes()) != string(b)"},
	"zkp/verifyingkey.go: readVerifyingKey: _, err := p.SetBytes(rest[32+64*i : 32+64*(i+1)]); err != nil":   {"zkp/verifyingkey.go: readVerifyingKey: string(k.Bytes()) != string(b)"},
	"zkp/verifyingkey.go: readVerifyingKey: _, err := p.SetBytes(rest[224+32*i : 224+32*(i+1)]); err != nil": {"zkp/verifyingkey.go: readVerifyingKey: string(k.Bytes()) != string(b)"},
}

// edit replaces a text that stands once in a file.
type edit struct{ file, old, with string }

// edited is a guard that is removed by hand-written edits.
func edited(t *testing.T, name string, r run, says string, edits ...edit) guard {
	t.Helper()
	g := guard{name: name, runs: []run{r}, says: says}
	for _, e := range edits {
		source, err := os.ReadFile(filepath.Join(root, e.file))
		if err != nil {
			t.Fatal(err)
		}
		at := strings.Index(string(source), e.old)
		if at < 0 || strings.Count(string(source), e.old) != 1 {
			t.Fatalf("%s: %s holds %d times: %s", name, e.file, strings.Count(string(source), e.old), e.old)
		}
		g.cuts = append(g.cuts, cut{e.file, at, at + len(e.old), e.with})
	}
	return g
}

const (
	prepareFile  = "zkp/prover/prepare.go"
	showFile     = "zkp/prover/show.go"
	showSetFile  = "zkp/prover/showset.go"
	gadgetsFile  = "zkp/prover/gadgets.go"
	edwardsFile  = "zkp/prover/edwards.go"
	stepsFile    = "zkp/prover/parts_internal_test.go"
	ceremonyPath = "zkp/prover/ceremony/"
)

// both removes a constraint from a circuit and from the steps that name its
// parts. Where the statement goes, a use of the same wires may have to stay, for
// the compiler refuses an input that nothing touches.
func both(file, statement, with string) []edit {
	return []edit{{file, statement, with}, {stepsFile, statement, with}}
}

func constraints(t *testing.T) (out []guard) {
	t.Helper()
	add := func(name, tests, says string, edits ...edit) {
		t.Helper()
		out = append(out, edited(t, "circuit: "+name, run{"zkp/prover", "^(" + tests + ")$"}, says, edits...))
	}
	// The parts that all circuits are made of.
	add("a digit is a bit", "TestRangeDigitsAreBits", "broken []",
		edit{gadgetsFile, "bits.WithNbDigits(n))", "bits.WithNbDigits(n), bits.WithUnconstrainedOutputs())"})
	add("below the field's size", "TestSignatureRefusesTheOtherSpelling", "broken [], want the comparison",
		edit{gadgetsFile, "	assertBitsAtMost(api, b, new(big.Int).Sub(fr.Modulus(), big.NewInt(1)))\n", ""})
	add("at most a bound", "TestSignatureRefusesTheOtherSpelling", "broken [], want the comparison",
		edit{gadgetsFile, "	api.AssertIsEqual(breaches, 0)\n", ""})
	add("low before high", "TestPrepareDays", "broken: [], want [not before]",
		edit{gadgetsFile, "	toBits(api, api.Sub(high, low), n)\n", "	_ = n\n"})
	add("a path ends at the root", "TestPrepareMutations", "Registry: broken [], want [registry path]",
		edit{gadgetsFile, "	api.AssertIsEqual(at, root)\n", "	api.Mul(at, root)\n"})
	add("a node is its parent's child", "TestPrepareRegistration", "broken: [], want [registry path]",
		edit{gadgetsFile, "	api.AssertIsEqual(selector.BinaryMux(api, index, nodes), at)\n", "	api.Mul(selector.BinaryMux(api, index, nodes), at)\n"})

	// The signature.
	add("R on the curve", "TestSignatureRefusesROffTheCurve", "R off the curve breaks []",
		edit{edwardsFile, "	assertOnCurve(api, r)\n", ""})
	add("R = (0, 0)", "TestSignatureRefusesRAtZero", "want the curve equation of R",
		edit{edwardsFile, "	assertOnCurve(api, r)\n", ""})
	add("A on the curve", "TestSignatureRefusesKeyAtZero", "want the curve equation of A first",
		edit{edwardsFile, "	assertOnCurve(api, a)\n", ""})
	add("x of the equation", "TestSignatureComparesBothCoordinates", "broken []",
		edit{edwardsFile, "	api.AssertIsEqual(left.X, right.X)\n", "	api.Mul(left.X, right.X)\n"})
	add("y of the equation", "TestSignatureComparesBothCoordinates", "broken []",
		edit{edwardsFile, "	api.AssertIsEqual(left.Y, right.Y)\n", "	api.Mul(left.Y, right.Y)\n"})

	// Prepare.
	add("commitment of prepare", "TestPrepareMutations", "Commitment: broken [], want [commitment]",
		edit{prepareFile, "api.AssertIsEqual(c.Commitment, compress", "api.Mul(c.Commitment, compress"},
		edit{stepsFile, "api.AssertIsEqual(c.Commitment, compress(api, 4, d.commitment, attrHash, c.Secret, c.Blinding))\n	if done(", "api.Mul(c.Commitment, compress(api, 4, d.commitment, attrHash, c.Secret, c.Blinding))\n	if done("})
	for _, ordered := range []struct{ name, statement, test, says string }{
		{"key begins", "assertOrdered(api, c.KeyFrom, c.NotBefore, zkp.DayBits)", "TestPrepareKeyWindow", "want [key begins]"},
		{"key ends", "assertOrdered(api, c.NotBefore, c.KeyUntil, zkp.DayBits)", "TestPrepareKeyWindow", "want [key ends]"},
		{"gap begins", "assertOrdered(api, c.GapFrom, c.Handle, zkp.HandleBits)", "TestPrepareGap", "want [gap begins]"},
		{"gap ends", "assertOrdered(api, api.Add(c.Handle, 1), c.GapTo, zkp.HandleBits)", "TestPrepareGap", "want [gap ends]"},
		{"not before", "assertOrdered(api, c.NotBefore, c.Day, zkp.DayBits)", "TestPrepareDays", "want [not before]"},
		{"not after", "assertOrdered(api, c.Day, c.NotAfter, zkp.DayBits)", "TestPrepareDays", "want [not after]"},
		{"not too long", "assertOrdered(api, c.NotBefore, c.NotAfter, zkp.ValidityBits)", "TestPrepareValidityIsBounded", "want [not too long]"},
	} {
		add(ordered.name, ordered.test, "broken: [], "+ordered.says,
			both(prepareFile, "	"+ordered.statement+"\n", "	api.Mul(c.Day, c.Day)\n")...)
	}
	add("issuance scope is signed", "TestPrepareScopeIsSigned", "broken: [], want [signature equation]",
		append(both(prepareFile, "c.Region, holder, c.Issuance,", "c.Region, holder, c.Schema,"),
			edit{"zkp/key.go", "m.Holder, m.Issuance, m.Terms", "m.Holder, m.Schema, m.Terms"})...)
	add("days are signed", "TestPrepareMutations", "NotBefore: broken [], want [signature equation]",
		edit{prepareFile, "	days := api.Add(c.NotBefore, api.Mul(c.NotAfter, 1<<32))\n", "	days := api.Mul(c.NotAfter, 1<<32)\n"},
		edit{"zkp/endorsement.go", "	b = binary.BigEndian.AppendUint32(b, uint32(e.NotBefore))\n	handle :=", "	b = binary.BigEndian.AppendUint32(b, 0)\n	handle :="})
	for _, row := range []string{"c.Registry, ", "c.Revocation, ", "c.Day, ", ", c.Commitment"} {
		all := "bind(api, c.Registry, c.Revocation, c.Day, c.Commitment)"
		add("own row of "+strings.Trim(row, "c, ."), "TestPublicInputsAreIndependent", "hufu-prepare-2: 4 of 5 public inputs",
			both(prepareFile, all, strings.Replace(all, row, "", 1))...)
	}
	add("gap ends after the handle, not at it", "TestPrepareGap", "broken: [], want [gap ends]",
		both(prepareFile, "api.Add(c.Handle, 1), c.GapTo", "c.Handle, c.GapTo")...)

	// Show.
	opening := "api.AssertIsEqual(c.Commitment, compress(api, 4, d.commitment, attrHash, c.Secret, c.Blinding))\n	"
	add("commitment of show", "TestShowMutations", "Commitment: broken [], want [commitment]",
		edit{showFile, "api.AssertIsEqual(c.Commitment, compress", "api.Mul(c.Commitment, compress"},
		edit{stepsFile, opening + "if s.done(", "api.Mul(c.Commitment, compress(api, 4, d.commitment, attrHash, c.Secret, c.Blinding))\n	if s.done("})
	add("pseudonym", "TestShowMutations", "Pseudonym: broken [], want [pseudonym]",
		both(showFile, "api.AssertIsEqual(c.Pseudonym, compress", "api.Mul(c.Pseudonym, compress")...)
	for _, row := range []string{"c.Commitment, ", "c.Context, ", "c.Pseudonym, ", "c.SetRoot, ", ", c.Table"} {
		all := "bind(api, c.Commitment, c.Context, c.Pseudonym, c.SetRoot, c.Table)"
		add("own row of show's "+strings.Trim(row, "c, ."), "TestPublicInputsAreIndependent", "hufu-show-2: 21 of 22 public inputs",
			both(showFile, all, strings.Replace(all, row, "", 1))...)
	}
	for _, row := range []string{"c.Asked[i].Op, ", ", c.Asked[i].Index"} {
		all := "bind(api, c.Asked[i].Op, c.Asked[i].Index)"
		add("own rows of "+strings.Trim(row, "c, ."), "TestPublicInputsAreIndependent", "hufu-show-2: 18 of 22 public inputs",
			both(showFile, all, strings.Replace(all, row, "", 1))...)
	}
	add("no set", "TestShowMutations", "SetRoot: broken [], want [no set]",
		both(showFile, "api.AssertIsEqual(c.SetRoot, 0)", "api.Mul(c.SetRoot, c.SetRoot)")...)
	add("index in 4 bits", "TestShowAnswers", "want [1 index]",
		both(showFile, "toBits(api, q.Index, 4)", "toBits(api, q.Index, 5)[:4]")...)
	add("operation in 3 bits", "TestShowAnswers", "want [1 op, 1 op can be true]",
		both(showFile, "toBits(api, q.Op, 3)", "toBits(api, q.Op, 4)[:3]")...)
	for _, c := range []struct{ name, statement, test, says string }{
		{"true is a bit", "api.AssertIsBoolean(a.True)", "TestShowBitsAreBits", "want [1 true is a bit"},
		{"operation can be true", "api.AssertIsEqual(api.Mul(a.True, r.never), 0)", "TestShowAnswers", "broken: [], want [1 op can be true]"},
		{"present", "api.AssertIsEqual(api.Mul(a.True, api.Sub(1, api.Mul(r.value, a.Inverse))), 0)", "TestShowAnswers", "broken: [], want [1 present]"},
		{"eq", "api.AssertIsEqual(api.Mul(api.Mul(a.True, r.isEq), difference), 0)", "TestShowAnswers", "broken: [], want [1 eq]"},
		{"ne", "api.AssertIsEqual(api.Mul(api.Mul(a.True, r.isNe), api.Sub(1, apart)), 0)", "TestShowAnswers", "broken: [], want [1 ne]"},
		{"low", "toBits(api, api.Mul(ranged, difference), rangeBits)", "TestShowAnswers", "broken: [], want [1 low]"},
		{"high", "toBits(api, api.Mul(ranged, api.Sub(q.P1, r.value)), rangeBits)", "TestShowAnswers", "broken: [], want [1 high]"},
	} {
		// Every wire of a slot stays touched.
		touch := "api.Mul(api.Add(a.True, a.Inverse, a.Different, q.P0), q.P1)"
		if c.name == "ne" {
			touch += "\n	_ = apart"
		}
		add(c.name, c.test, c.says, both(showFile, c.statement, touch)...)
	}
	add("table in 16 bits", "TestShowTable", "want [table in 16 bits]",
		both(showFile, "toBits(api, c.Table, 1<<zkp.StatementSlots)", "toBits(api, c.Table, 17)[:16]")...)
	add("table accepts", "TestShowTable", "broken: [], want [table accepts]",
		both(showFile, "api.AssertIsEqual(selector.BinaryMux(api, bits, table), 1)", "selector.BinaryMux(api, bits, table)")...)

	// Show with a set.
	add("one set", "TestShowSetIsAskedOnce", "broken: [], want [one set]",
		both(showSetFile, "	api.AssertIsBoolean(sum.asked)\n", "")...)
	for _, c := range []struct{ name, inCircuit, inSteps, says string }{
		{"in", "api.AssertIsEqual(api.Mul(c.in, api.Sub(c.value, s.From)), 0)", "api.AssertIsEqual(api.Mul(sum.in, api.Sub(sum.value, c.Set.From)), 0)", "broken: [], want [in]"},
		{"above the gap's beginning", "toBits(api, api.Mul(c.notIn, api.Sub(c.value, s.From, 1)), zkp.SetBits)", "toBits(api, api.Mul(sum.notIn, api.Sub(sum.value, c.Set.From, 1)), zkp.SetBits)", "broken: [], want [above the gap's beginning]"},
		{"below the gap's end", "toBits(api, api.Mul(c.notIn, api.Sub(s.To, c.value, 1)), zkp.SetBits)", "toBits(api, api.Mul(sum.notIn, api.Sub(c.Set.To, sum.value, 1)), zkp.SetBits)", "broken: [], want [below the gap's end]"},
	} {
		add(c.name, "TestShowSetAnswers", c.says, edit{showSetFile, c.inCircuit, ""}, edit{stepsFile, c.inSteps, ""})
	}
	return out
}

// never wraps a condition that stands once in a file, or one arm of a switch.
func never(file, before, condition, after string) edit {
	return edit{file, before + condition + after, before + "false && (" + condition + ")" + after}
}

// elsewhere are guards of this matter in other packages.
func elsewhere(t *testing.T) (out []guard) {
	t.Helper()
	add := func(name, pkg, tests, says string, edits ...edit) {
		t.Helper()
		out = append(out, edited(t, pkg+": "+name, run{pkg, "^(" + tests + ")$"}, says, edits...))
	}
	// Receipt: what was signed is what the claims say.
	add("region and validity are the claims'", "wallet", "TestReceiveEndorsement", "",
		never("wallet/receive.go", "if ", "endorsement.Region != found.Region || !endorsement.NotBefore.Start().Equal(found.NotBefore) || !(endorsement.NotAfter + 1).Start().Equal(found.Expires)", " {"))
	add("slots are the claims'", "wallet", "TestReceiveEndorsement", "",
		never("wallet/receive.go", "if err := c.Check(); ", "err != nil", " {"))
	// Single use.
	add("a prepared proof leaves the pool", "wallet", "TestPool", "are left, want",
		edit{"wallet/pool.go", "	list[len(list)-1] = nil\n	p.of[of] = list[:len(list)-1]\n", ""})
	add("and of its own epoch alone is used", "wallet", "TestPoolOfAnOlderEpoch", "",
		edit{"wallet/pool.go", "	if p.of == nil || p.epoch != epoch {", "	if p.of == nil {"})
	add("an epoch that is too old is not shown", "wallet", "TestMaxEpochAge", "",
		never("wallet/prove.go", "if ", "started.Sub(epoch.closed) > oldest", " {"))
	// What whoever serves the sets may see.
	add("a wallet reads its whole cover", "wallet", "TestCoverHidesTheCard", "parts were read",
		edit{"wallet/cover.go", "	for _, part := range c.parts(bits) {", "	for part := range wanted {"})
	add("all of it from the same epoch on", "wallet", "TestCoverOfSeveralCards", "with a second card it reads",
		edit{"wallet/cover.go", "	return kept, len(kept) == len(wanted), nil", "	return kept, true, nil"})
	add("a cover never gets smaller", "wallet", "TestCoverOfSeveralCards", "once the card is gone",
		edit{"wallet/cover.go", "	c := stored\n	for _, h", "	c := (*cover)(nil)\n	for _, h"})
	add("no issuer is named in a round", "wallet", "TestServersSeeRounds", "",
		edit{"wallet/window.go", "	if w.listed != nil {", "	if w.listed != nil && false {"})
	add("the delay is that of before", "wallet", "TestDelayIsOnTheGrid", "with 0 prepared",
		edit{"wallet/prove.go", "	if held, err = w.holdBack(ctx, started, pace, ", "	if pace, err = w.pace(ctx); err != nil {\n		return nil, 0, err\n	}\n	if held, err = w.holdBack(ctx, started, pace, "})
	// The desk.
	add("one commitment for one person", "wallet/issuer", ".*", "",
		never("wallet/issuer/bound.go", "case ", "there && given.Person != p.id", ":"),
		never("wallet/issuer/bound.go", "if ", "there && c.Person != p.id", " {"))
	add("one commitment for one person, at every desk", "wallet/issuer", "TestOneSecretForTwoPeople", "",
		edit{"wallet/issuer/bound.go", "		if errors.Is(err, ledger.ErrConflict) {\n			return fmt.Errorf(\"%w: another desk bound it\", ErrCommitment)\n		}\n", "		if errors.Is(err, ledger.ErrConflict) {\n			return nil\n		}\n"},
		never("wallet/issuer/bound.go", "case ", "a.shown == nil && (!there || !given.Ours)", ":"))
	add("one person with one commitment", "wallet/issuer", ".*", "",
		never("wallet/issuer/bound.go", "		if ", "!rebind", " {"),
		edit{"wallet/issuer/bound.go", "other && !o.Rebind {", "other && !o.Rebind && false {"})
	add("the person of the identity credential", "wallet/issuer", "TestLicence", "",
		never("wallet/issuer/take.go", "case ", "a.shown != nil && hashText(\"person\", a.typ.Schema.ID, a.shown.Person) != o.Person", ":"))
	add("a proof of identity where the type is bound by one", "wallet/issuer", "TestLicence", "",
		never("wallet/issuer/answer.go", "if ", "!a.typ.isIdentity()", " {"))
	add("an earlier binding does not come back", "wallet/issuer", "TestMoveAndRebind|TestReboundOnTheSameDay", "",
		never("wallet/issuer/bound.go", "(", "a.shown.Bound < p.Bound", " ||"),
		never("wallet/issuer/bound.go", "|| ", "a.shown.Bound == p.Bound && there", ") {"))
	add("a replaced binding is bound today", "wallet/issuer", "TestReplacedLicenceIsNoSecondVote", "",
		edit{"wallet/issuer/bound.go", "		if fresh {\n			day =", "		if true {\n			day ="})
	add("a scope that the wallet did not commit in", "wallet", "TestReceiveEndorsement", "",
		never("wallet/receive.go", "if ", "endorsement.Issuance != identity.Scope(found.Issuer, found.Schema)", " {"))
	// What is signed anew goes to its holder, and takes the place of nothing else.
	add("reissue to the holder", "wallet/issuer", "TestReissueRefuses|TestAnchorIssued", "",
		never("wallet/issuer/reissue.go", "if same, err := boundTo(sd.UnverifiedClaims(), holder); ", "err != nil || !same", " {"))
	add("reissue to who asks this desk, now", "wallet/issuer", "TestReissueRefuses", "",
		never("wallet/issuer/reissue.go", "holder, err := r.Verify(d.cfg.Keys.DID, openid.VerifyOptions{Now: d.cfg.Clock()})\n	if ", "err != nil", " {"))
	add("reissue nothing that is revoked", "wallet/issuer", "TestReissueRefuses", "",
		never("wallet/issuer/reissue.go", "if ", "!c.Revoked.IsZero() || c.Revoking", " {"))
	add("reissue nothing that was not signed anew", "wallet/issuer", "TestReissueRefuses", "",
		never("wallet/issuer/reissue.go", "if ", "!there", " {"))
	add("void are keys that were stolen", "wallet/issuer", "TestVoid", "",
		edit{"wallet/void.go", "k.Compromised() && (", "("})
	add("the signature key as well as the proof key", "wallet/issuer", "TestVoid", "",
		edit{"wallet/void.go", "issuer+\"#\"+k.ID == s.keyID || ", ""})
	add("the proof key as well as the signature key", "wallet/issuer", "TestVoid", "",
		edit{"wallet/void.go", " || k.Purpose == ledger.PurposeProof && string(k.Public) == s.proof", ""})
	add("void is not what is over", "wallet/issuer", "TestVoid", "",
		edit{"wallet/void.go", "c.Anchor != \"\" || c.holds(w.cfg.Clock()) != nil", "c.Anchor != \"\""})
	add("a wallet asks anew for what it holds", "wallet/issuer", "TestVoid", "",
		edit{"wallet/reissue.go", "Credential: h.card.Text,", "Credential: [32]byte{},"})
	add("in place of what it holds", "wallet/issuer", "TestReceiveReissueRefuses", "",
		never("wallet/reissue.go", "case ", "c == nil", ":"))
	for _, c := range []string{
		"found.VCT != c.Type || found.Schema.ID != c.SchemaID || found.Schema.Version != c.Version", "found.Region != c.Region",
		"status == nil || status.URI != c.StatusURI || status.Index != c.Index", "found.Expires.After(c.Expires)",
		"found.NotBefore.Before(c.NotBefore)", "!reflect.DeepEqual(withoutRegistered(found.Claims), withoutRegistered(before.claims))",
	} {
		add("in its place: "+c, "wallet/issuer", "TestReceiveReissueRefuses", "", never("wallet/reissue.go", "case ", c, ":"))
	}
	// What the ledger anchored before a theft.
	add("existence where the policy takes it", "wallet/issuer", "TestExistence", "",
		edit{"verifier/claims.go", "!a.policy.Existence || p.existence == nil", "p.existence == nil"})
	add("existence of no proof", "verifier", "TestParsePolicyRefuses", "",
		edit{"verifier/policy.go", "p.Existence && !slices", "false && !slices"})
	add("existence where the counter asks", "wallet/issuer", "TestExistence", "",
		edit{"wallet/existence.go", "!ask.request.Existence || ", ""})
	add("existence of this credential, and not of the one before", "wallet/issuer", "TestExistence", "",
		edit{"wallet/existence.go", "err == nil && bytes.HasPrefix(r.Value, c.Text[:])", "err == nil"})
	add("existence as the ledger has it", "wallet/issuer", "TestThiefsExistence", "",
		edit{"wallet/existence.go", "	existed, err := e.Verify(ctx, w.cfg.Ledger, h.sd)\n	if err != nil {", "	existed, err := e.Verify(ctx, w.cfg.Ledger, h.sd)\n	if existed == nil {\n		existed = new(provenance.Existed)\n	}\n	if false && err != nil {"})
	add("an existence request is no reissue request", "wallet/issuer", "TestAnchorIssued", "",
		edit{"wallet/issuer/existence.go", "openid.ParseExistence(", "openid.ParseReissue("})
	add("existence before the theft", "did/hufu", "TestResolve", "",
		edit{"did/document.go", "!existed.IsZero() && existed.Before(k.CompromisedFrom)", "!existed.IsZero()"})
	add("existence on every clock", "wallet/issuer", "TestExistenceAtTheHour", "",
		edit{"provenance/existence.go", "return e.By.Add(clocks), nil", "return e.By, nil"})
	add("existence of another", "provenance", "TestExistenceUnchecked", "",
		never("provenance/existence.go", "if ", "e.signed != sha256.Sum256([]byte(sd.IssuerJWT()))", " {"))
	add("the state comes after the anchor", "provenance", "TestExistenceUnchecked", "",
		never("provenance/existence.go", "if ", "e.State <= e.Leaf", " {"))
	add("the issuer's own anchor of this credential", "wallet/issuer", "TestThiefsExistence", "",
		edit{"provenance/existence.go", " || !bytes.Equal(op.Operation.Body, want.Bytes())", " || bytes.Equal(nil, want.Bytes())"})
	add("and nobody else's", "wallet/issuer", "TestThiefsExistence", "another_agency's_anchor",
		edit{"provenance/existence.go", "Agency: issuer}", "Agency: issuer}\n	if op, err := ledger.ParseSignedOperation(anchor); err == nil {\n		if a, err := ledger.ParseAnchor(op.Operation.Body); err == nil {\n			want.Agency = a.Agency\n		}\n	}"})
	for _, c := range []string{"e.Count == 0 || e.Count > MaxBatch || e.Index >= e.Count", "e.State <= e.Leaf || e.State >= 1<<62", "len(e.Siblings) != siblings(e.Index, e.Count)"} {
		add("existence: "+c, "provenance", "TestParseExistenceRefuses", "", never("provenance/existence.go", "case ", c, ":"))
	}
	add("a leaf of the log that the client knows", "ledger", "TestLeavesOfAFork", "",
		edit{"ledger/leaves.go", "return CheckConsistency(older, newer, consistency)", "_ = consistency\n	return nil"})
	// A receipt is what the ledger bears out.
	for c, says := range map[string]string{
		"r == nil || len(r.Operations) != len(ops)":               "",
		"op.ID != ops[i].Operation.ID() || op.Index >= head.Size": "",
		"hashes[i] != tlog.RecordHash(op.Bytes())":                "another place",
		"head.Size != r.Size":                                     "another size",
	} {
		add("a receipt: "+c, "ledger/remote", "TestLyingReceipt", says, never("ledger/receipt.go", "if ", c, " {"))
	}
	add("a receipt of the log that was seen", "ledger/remote", "TestReceiptOfAFork", "a second story",
		edit{"ledger/receipt.go", "	err = c.advance(ctx, c.opts.Clock(), c.Trust(), head, false)\n", "	_ = c.advance\n"})
	add("who only writes follows", "wallet/issuer", "TestExpired", "too old",
		never("ledger/receipt.go", "if ", "len(c.Trust().Next) > 0 && c.opts.Clock().Sub(c.Followed()) > followEvery", " {"))
	add("a receipt is remembered", "ledger/remote", "TestLyingReceipt", "forgotten",
		edit{"ledger/receipt.go", "	err = c.advance(ctx, c.opts.Clock(), c.Trust(), head, false)\n", "	err = c.fits(ctx, head)\n"})
	add("a leaf that is in the log", "ledger", "TestLeaves", "",
		edit{"ledger/leaves.go", "if _, err := c.VerifyInclusion(ctx, proof); err != nil {", "if _, err := c.VerifyInclusion(ctx, proof); err != nil && !errors.Is(err, ErrNotIncluded) {"},
		edit{"ledger/leaves.go", "	\"context\"\n", "	\"context\"\n	\"errors\"\n"})
	add("the leaf that was asked for", "ledger", "TestLeaves", "",
		never("ledger/leaves.go", "if ", "proof == nil || proof.Index != index", " {"))
	// Keys that one party made, says the ledger.
	add("no key of one party at a counter or a desk", "publish", "TestKeyring|TestCheckKey", "",
		never("publish/keyring.go", "if ", "object.Setup != ledger.SetupCeremony && !opts.AllowSinglePartySetupUnsafe", " {"))
	add("nor at a node", "zkp", "TestCheckUseSetup", "",
		never("zkp/use.go", "if ", "!ceremony && !a.AllowSinglePartySetupUnsafe", " {"))
	add("which asks the record", "ledger/machine", "TestUseUnderAKeyOfOneParty", "",
		edit{"ledger/machine/ruleaccess.go", "return object.File, vk.Setup == ledger.SetupCeremony, nil", "return object.File, true, nil"})
	// No accepted operation keeps an epoch from closing.
	for name, c := range map[string]edit{
		"keys":           never("ledger/machine/ruledid.go", "if err := t.roomForKeys(old, next); ", "err != nil", " {"),
		"accreditations": {"ledger/machine/ruleobject.go", "return t.roomForAccreditation(old, a)", "return nil"},
		"schemas":        {"ledger/machine/ruleonce.go", "return t.roomForSchema(s)", "return nil"},
		"anything":       never("ledger/machine/room.go", "		if ", "leaves > uint64(t.zk.RegistryCapacity())", " {\n			return fmt.Errorf(\"%w: the registry\", ledger.ErrFull)"),
	} {
		add("a registry with room for "+name, "ledger/machine", "TestEveryEpochCloses|TestNoRoomToComeBack", "", c)
	}
	add("a witness counts once", "ledger", "TestOneWitnessTwice", "",
		edit{"ledger/trustfile.go", " || key[0] != cosignatureV1", ""})
	// No name is lost to who took it first.
	for name, c := range map[string]edit{
		"who may not": {"ledger/machine/ruleobject.go", "return fallen(t.entitled(old))", "return false, nil"},
		"the root":    {"ledger/machine/ruleobject.go", "if t.over(old) || a.Accreditor == t.root && old.Accreditor != t.root {", "if t.over(old) {"},
		"who may":     {"ledger/machine/ruleobject.go", "	return false, err\n}", "	return err == nil, err\n}"},
	} {
		add("an accreditation is taken: "+name, "ledger/machine", "TestSquattedAccreditation|TestRootTakesAnyAccreditation", "", c)
	}
	add("a purpose is taken from who may not", "ledger/machine", "TestSquattedPurpose", "",
		edit{"ledger/machine/ruleaccess.go", "return fallen(t.regulates(old))", "return false, nil"})
	add("and by the root", "ledger/machine", "TestSquattedPurpose", "",
		edit{"ledger/machine/ruleaccess.go", " || p.Regulator == t.root {", " {"})
	add("and not by another", "ledger/machine", "TestSquattedPurpose|TestPurpose", "",
		edit{"ledger/machine/ruleaccess.go", "!free && old.Regulator != p.Regulator", "!free && old.Regulator == p.Regulator && false"})
	// An agreement strands nobody, and a node that cannot go on says so.
	for name, c := range map[string]edit{
		"without nodes":      never("ledger/machine/ruleobject.go", "if ", "(len(old.Nodes) == 0) != (len(next.Nodes) == 0)", " {"),
		"too many that go":   never("ledger/machine/ruleobject.go", "if left := missing(old.Nodes, next.Nodes); ", "left > third", " {"),
		"too many that come": never("ledger/machine/ruleobject.go", "if joined := missing(next.Nodes, old.Nodes); ", "joined > max(third, 1)", " {"),
	} {
		add("no agreement that strands: "+name, "ledger/machine", "TestAgreementThatStrands", "", c)
	}
	add("the witness that the agreement names", "ledger/sqlitelog", "TestAgreementNamesAnotherWitness", "it counts without",
		edit{"ledger/sqlitelog/others.go", "trust.K == 1 && slices.Contains(trust.Witnesses, l.witness.VerifierKey())", "trust.K == 1 || slices.Contains(trust.Witnesses, l.witness.VerifierKey())"})
	add("a node that forgot its votes casts none", "ledger/cometlog/cmd/hufu-node", "TestDamagedNode", "a node votes that does not know",
		never("ledger/cometlog/voter.go", "if ", "forgot && !lost", " {"))
	add("nor one that knows an older one", "ledger/cometlog", "TestVotesWentBack", "",
		edit{"ledger/cometlog/voter.go", " || now.Counter < before.Counter)", " || false && now.Counter < before.Counter)"})
	add("nor one that lost what tells", "ledger/cometlog", "TestVotesWentBack", "",
		edit{"ledger/cometlog/voter.go", "(failed != nil || ", "("})
	add("a vote is noted before it leaves", "ledger/cometlog", "TestNoVoteWithoutItsNote", "",
		edit{"ledger/cometlog/voter.go", "	if err := v.begun.Note(context.Background(), position(v.LastSignState)); err != nil {\n		return fmt.Errorf(\"cometlog: vote.begun: %w\", err)\n	}\n", ""})
	add("a node signs and votes", "ledger", "TestTrustFields", "a node without a witness",
		edit{"ledger/objectconsortium.go", "(len(t.Nodes) != len(t.Witnesses) || 3*int(t.K) <= 2*len(t.Witnesses))", "(3*int(t.K) <= 2*len(t.Witnesses) || len(t.Nodes) > maxWitnesses)"})
	add("consensus is watched", "ledger/cometlog", "TestConsensusFailure", "as if nothing had happened",
		edit{"ledger/cometlog/node.go", "		consensus.Wait()\n		stopped()\n", "		consensus.Wait()\n"})
	add("ready means a new checkpoint", "ledger/cometlog/cmd/hufu-node", "TestReadyWithoutQuorum", "ready without a quorum",
		never("ledger/cometlog/node.go", "if age := n.app.clock().Sub(at); ", "at.IsZero() || age > limit", " {"))
	add("a member finds a place", "ledger/cometlog/cmd/hufu-node", "TestStrangersTakeNoMembersPlace", "",
		edit{"ledger/cometlog/config.go", "	config.P2P.UnconditionalPeerIDs = strings.Join(c.peerIDs(), \",\")\n", ""})
	// A block costs the others little, and its time is that of their clocks.
	add("genesis: blocks of bounded size", "ledger/cometlog", "TestGenesisUnderTheFingerprint", "larger blocks",
		never("ledger/cometlog/genesis.go", "if params := consensusParams().ToProto(); ", "doc.ConsensusParams == nil || !params.Equal(doc.ConsensusParams.ToProto())", " {"))
	for c, says := range map[string]string{"p.seen[id]": "repeated", "size > p.left": "too large", "p.uses+uses > blockUses": "too many uses"} {
		add("no vote for a block: "+says, "ledger/cometlog", "TestHostileProposal", says, never("ledger/cometlog/proposal.go", "case ", c, ":"))
	}
	add("no use waits for ever", "ledger/cometlog", "TestHostileProposal", "waits for ever",
		never("ledger/cometlog/app.go", "if ", "usesOf(ops) > blockUses", " {"))
	add("no block from the future", "ledger/cometlog", "TestProposedTime", "more: accepted",
		never("ledger/cometlog/proposal.go", "if ahead := block.Sub(a.clock()); ", "ahead > machine.Tolerance", " {"))
	add("no block before the last checkpoint", "ledger/cometlog", "TestProposedTime", "before the ledger's",
		edit{"ledger/cometlog/proposal.go", "		return machine.ErrClock\n", "		return nil\n"})
	add("a month is long", "ledger/cometlog", "TestProposedAfterAPause", "a month is nothing",
		never("ledger/machine/clock.go", "case ", "now.Sub(last) > maxPause", ":"))
	add("in one file too", "ledger/sqlitelog", "TestClockFarAhead", "",
		never("ledger/machine/clock.go", "case ", "now.Sub(last) > maxPause", ":"))
	add("a minute is nothing", "ledger/sqlitelog", "TestClockBackwards", "",
		never("ledger/machine/clock.go", "case ", "now.Before(last)", ":"))
	add("more than a minute is not", "ledger/sqlitelog", "TestClockBackwards", "",
		never("ledger/machine/clock.go", "case ", "now.Before(last.Add(-Tolerance))", ":"))
	add("a proof is verified once", "ledger/cometlog", "TestUseProvedOnce", "verified",
		edit{"ledger/cometlog/proofs.go", "if known, ok := p.find(id); ok {", "if known, ok := p.find(id); ok && id[0] == id[1] {"})
	add("under its own key", "ledger/cometlog", "TestProvedUnderItsKey", "",
		never("ledger/cometlog/proofs.go", "if ", "sha256.Sum256(file) != used.file || ceremony != used.ceremony", " {"))
	for _, c := range []struct{ is, with string }{
		{"proofID(proof, ", "proofID("}, {"[]byte(owner), ", ""}, {"[]byte(event), ", ""}, {"payload[:], ", ""}, {"[]byte(schema), ", ""},
		{"number(uint64(version)), ", ""}, {"statement[:],\n", "\n"}, {"		number(epoch), ", "		"}, {"number(uint64(day)), ", ""},
		{"registry[:], revocation[:])\n", "revocation[:])\n"}, {"registry[:], revocation[:])\n", "registry[:])\n"},
	} {
		add("a proof is remembered with "+c.is, "ledger/cometlog", "TestProvedUnderItsKey", "remembered", edit{"ledger/cometlog/proofs.go", c.is, c.with})
	}
	for c, says := range map[string]string{
		"m.Origin != config.Origin || len(m.Ledger) > 0 && !bytes.Equal(m.Ledger, config.Ledger)": "another ledger", "m.Name == config.Name": "calls itself",
	} {
		add("a peer: "+says, "ledger/cometlog/cmd/hufu-node", "TestPeer", says, never("ledger/cometlog/peers.go", "case ", c, ":"))
	}
	add("a running node hears of a peer", "ledger/cometlog/cmd/hufu-node", "TestPeer", "nobody calls",
		edit{"ledger/cometlog/node.go", "	go n.callNewPeers()\n", ""})
	add("figures are documented", "ledger/cometlog/cmd/hufu-node", "TestMetricsAreDocumented", "not documented",
		edit{"ledger/cometlog/cmd/hufu-node/metrics.go", "\"lag_blocks\"", "\"lag\""})
	add("a submission is answered in time", "ledger/remote", "TestSubmitWithoutQuorum", "",
		edit{"ledger/remote/handler.go", "context.WithTimeoutCause(ctx, h.patience, errPatience)", "context.WithTimeoutCause(ctx, h.patience+time.Minute*20, errPatience)"})
	add("a pause is told", "ledger/remote", "TestPauseIsTold", "",
		edit{"ledger/remote/send.go", "		text = pause.Error() // its operator reads what to do\n", "		_ = pause\n"})
	add("and few wait", "ledger/remote", "TestSubmitWithoutQuorum", "",
		edit{"ledger/remote/handler.go", "make(chan struct{}, cmp.Or(options.Waiting, defaultWaiting))", "make(chan struct{}, defaultWaiting)"})
	// Long reads, many readers and large ledgers stop nobody.
	const store = "ledger/machine/sqlitestore"
	add("a write-ahead log is cut", store, "TestWALStaysShort", "the write-ahead log had",
		edit{store + "/wal.go", "err != nil || size < d.cutAt", "err != nil || size >= 0"})
	add("while nobody begins to read", store, "TestWALStaysShort", "the write-ahead log had",
		edit{store + "/wal.go", "for range cap(pool.free) {", "for range cap(pool.free) - cap(pool.free) {"})
	add("by who waits for nobody", "internal/sqlitefile", "TestCutWAL", "beside a reader",
		edit{"internal/sqlitefile/sqlitefile.go", "err == nil && busy != \"0\"", "err == nil && busy == \"\""})
	add("a snapshot keeps what is replaced", store, "TestSnapshot$", "a snapshot moves",
		edit{store + "/tx.go", "s.past == nil || s.past.kept(id)", "s.past == nil || s.past.most > 0"})
	add("as long as there is room", store, "TestPastIsBounded", "kept beyond the cap",
		edit{store + "/past.go", "full := p.size > p.most", "full := p.size < 0"})
	add("and what is gone is not guessed", store, "TestPastIsBounded", "kept beyond the cap",
		edit{store + "/past.go", "	if state < p.floor {\n		return nil, machine.ErrGone\n	}\n	if list", "	if list"})
	add("nor in a scan", store, "TestPastIsBounded", "scanned beyond the cap",
		edit{store + "/past.go", "	if state < p.floor {\n		return nil, machine.ErrGone\n	}\n	from", "	from"})
	add("a snapshot has an end", store, "TestSnapshot$", "read after its end",
		edit{store + "/snapshot.go", "value); s.ended.Load() {", "value); s.state > 1<<60 {"})
	add("a cache has one", "internal/budget", "TestAuditBudget", "bytes at a time for",
		never(store+"/cache.go", "if ", "len(c.rows) >= c.most", " {"))
	add("who reads keeps the state", "ledger/cosign", "TestReadersHoldNobodyUp", "snapshots are open",
		edit{"ledger/cosign/state.go", "!s.dropped || s.readers > 0 || ", "!s.dropped || "})
	add("what is gone is read again", "ledger/cosign", "TestGoneAndAgain", "",
		edit{"ledger/cosign/view.go", " && p.replaced(s)", " && p.closed"})
	add("a row more", "ledger/machine", "TestCompareNamesTheRow", "added",
		never("ledger/machine/compare.go", "case ", "!bytes.Equal(key, rest[0].key)", ":"))
	add("few handles at a time", "ledger/machine", "TestRevokedPages", "",
		never("ledger/machine/epoch.go", "if ", "looked == revokedLook", " {"))
	add("dear reads are few", "ledger/remote", "TestDearReadsLeaveRoom", "a dear read beyond the cap",
		edit{"ledger/remote/handler.go", "newLimiter(cmp.Or(options.Reads, ", "newLimiter(1000 + cmp.Or(options.Reads, "})
	add("many keys are dear", "ledger/remote", "TestDearReadsLeaveRoom", "a dear read beyond the cap",
		edit{"ledger/remote/reads.go", "len(asked.Keys) > fewKeys && places != h.dear", "len(asked.Keys) > maxKeys && places != h.dear"})
	add("and come again later", "ledger/remote", "TestDearReadsLeaveRoom", "a dear read beyond the cap",
		never("ledger/remote/send.go", "if ", "status == http.StatusServiceUnavailable", " {"))
	add("pages in order", "ledger/remote", "TestRevokedPages", "out of order",
		never("ledger/remote/wire.go", "last != nil && ", "bytes.Compare(h[:], last) <= 0", " {"))
	add("pages that end", "ledger/remote", "TestRevokedPages", "next stays",
		edit{"ledger/remote/wire.go", " || bytes.Equal(w.Next, after)", ""})
	add("a long write-ahead log is noticed", "ledger/cometlog", "TestSizeAlarm", "write-ahead log",
		never("ledger/cometlog/size.go", "if ", "sizes.WAL > a.wal", " {"))
	// Nothing signed for one ledger counts on another.
	add("an operation is signed for one ledger", "ledger/sqlitelog", "TestConformance$", "Elsewhere",
		edit{"ledger/operation.go", "append(id.prefix(signatureDomain), o.Bytes()...)", "append(ID{}.prefix(signatureDomain), o.Bytes()...)"})
	add("and so is a batch", "ledger/sqlitelog", "TestConformance$", "Elsewhere",
		edit{"ledger/batch.go", "id.prefix(batchDomain)", "ID{}.prefix(batchDomain)"})
	add("no ledger is no name", "ledger", "TestNoLedger", "",
		never("ledger/id.go", "if ", "id == (ID{})", " {"))
	add("a newcomer is admitted", "ledger/machine", "TestNewcomer$", "",
		never("ledger/machine/ruledid.go", "if ", `payer == ""`, " {"))
	add("which the property finds", "ledger/machine", "TestProperty$", "whom no agency admits",
		never("ledger/machine/ruledid.go", "if ", `payer == ""`, " {"))
	add("by an agency that is accredited", "ledger/machine", "TestNewcomer$", "",
		edit{"ledger/machine/ruleadmit.go", "if err == nil && contains(keys, key) {", "if len(keys) >= 0 && err != nil {"})
	add("by a key of the agency in force", "ledger/machine", "TestNewcomer$", "",
		edit{"ledger/machine/ruleadmit.go", "err == nil && contains(keys, key) {", "err == nil && (contains(keys, key) || len(keys) > 0) {"})
	add("who lists another's key does not take its place", "ledger/machine", "TestNewcomerOfAnotherKey", "",
		edit{"ledger/machine/ruleadmit.go", "err == nil && b == nil {", "err == nil && (b == nil || len(b) > 0) {"})
	add("who admits pays", "ledger/machine", "TestSponsorsBudget", "",
		edit{"ledger/machine/ruledid.go", "t.payer = payer", "t.payer = t.root"})
	add("those without an accreditation share one budget", "ledger/machine", "TestNewcomersBudget", "",
		edit{"ledger/machine/budget.go", "err != nil || !without {", "err != nil || !without || did != \"\" {"})
	add("an agency that countersigns pays for a change", "ledger/machine", "TestNewcomersBudget", "",
		edit{"ledger/machine/budget.go", "return t.sponsor(c, did)", "return \"\", nil"})
	add("a history comes in parts", "ledger/machine", "TestLongHistory", "changes of",
		edit{"ledger/machine/reader.go", "size >= limits.Proof {", "size >= limits.Proof && false {"})
	add("a newcomer waits for the ledger's word", "agency", "TestApply$", "",
		edit{"agency/enter.go", "case absent:", "case false && absent:"})
	add("and is there whoever admitted it", "agency", "TestAdmittedMeanwhile", "",
		edit{"agency/enter.go", "proved == nil {", "proved == nil && false {"})
	add("few pages read at once", "ledger/explorer/web", "TestFewReadAtOnce", "",
		edit{"ledger/explorer/web/web.go", "make(chan struct{}, cmp.Or(options.Reads,", "make(chan struct{}, 1000*cmp.Or(options.Reads,"})
	add("an agency has a budget", "ledger/machine", "TestAgencyBudget", "",
		edit{"ledger/machine/budget.go", "spent += uint64(size); spent > limit {", "spent += uint64(size); spent > limit+1<<40 {"})
	add("of a day", "ledger/machine", "TestAgencyBudget", "",
		edit{"ledger/machine/budget.go", " && binary.BigEndian.Uint64(b) == day {", " {"})
	add("the root agency has none", "ledger/machine", "TestAgencyBudget", "",
		never("ledger/machine/budget.go", "if ", "payer == t.root", " {"))
	// The property finds what admission lets through.
	add("found by the property: the registry's cap", "ledger/machine", "TestProperty", "",
		never("ledger/machine/room.go", "		if ", "leaves > uint64(t.zk.RegistryCapacity())", " {\n			return"))
	add("found by the property: an agency's budget", "ledger/machine", "TestProperty", "",
		edit{"ledger/machine/budget.go", "spent += uint64(size); spent > limit {", "spent += uint64(size); spent > limit+1<<40 {"})
	add("found by the property: keys that are added later", "ledger/machine", "TestProperty", "",
		edit{"ledger/machine/ruledid.go", "if err := t.roomForKeys(old, next); err != nil {", "if err := error(nil); err != nil {"})
	add("found by the property: schemas", "ledger/machine", "TestProperty", "",
		edit{"ledger/machine/ruleonce.go", "	return t.roomForSchema(s)", "	return nil"})
	add("found by the property: a bucket's cap", "ledger/machine", "TestProperty", "",
		edit{"ledger/machine/ruleobject.go", "if count >= capacity {", "if count >= capacity+1000 {"})
	add("found by the property: what stands again", "ledger/machine", "TestProperty", "",
		edit{"ledger/machine/room.go", "return moved || a.Action == ledger.ActionAccredit && a.State == ledger.StateActive && t.over(old)", "return moved"})
	add("what stands elsewhere is counted", "ledger/machine", "TestNoRoomToMove", "",
		edit{"ledger/machine/room.go", "return moved || a.Action", "return a.Action"},
		edit{"ledger/machine/room.go", "	moved := a.Via != old.Via || a.Accreditor != old.Accreditor\n", ""})
	add("what was not counted is not taken off", "ledger/machine", "TestGoneBranchLeavesNoPlace", "",
		edit{"ledger/machine/room.go", "after += uint64(max(added, 0))", "after = uint64(max(int64(after)+added, 0))"})
	add("found by the property: the root takes over", "ledger/machine", "TestProperty", "",
		edit{"ledger/machine/ruleobject.go", "t.over(old) || a.Accreditor == t.root && old.Accreditor != t.root {", "t.over(old) {"})
	add("found by the property: purposes too", "ledger/machine", "TestProperty", "",
		edit{"ledger/machine/ruleaccess.go", "old.State == ledger.StateEnded || p.Regulator == t.root {", "old.State == ledger.StateEnded {"})
	add("found by the property: a thief of the key in use", "ledger/machine", "TestProperty", "",
		edit{"ledger/objectconsortium.go", "if slices.Contains(s.next, hash) {", "if true {"})
	add("found by the property: another ledger", "ledger/machine", "TestProperty", "",
		edit{"ledger/operation.go", "append(id.prefix(signatureDomain), o.Bytes()...)", "append(ID{}.prefix(signatureDomain), o.Bytes()...)"})
	add("an agreement after the one before", "ledger", "TestFollow", "another before",
		edit{"ledger/objectconsortium.go", " || next.Previous != s.hash {", " {"})
	add("at the ledger too", "ledger/machine", "TestTrustByThreshold", "",
		edit{"ledger/objectconsortium.go", " || next.Previous != s.hash {", " {"})
	add("who signs an agreement was promised", "ledger", "TestFollow", "keys in use",
		edit{"ledger/objectconsortium.go", "if slices.Contains(s.next, hash) {", "if true {"})
	add("enough of them", "ledger/machine", "TestTrustByThreshold", "",
		never("ledger/objectconsortium.go", "if ", "count < s.threshold", " {"))
	add("no known key is promised again", "ledger", "TestFollow", "known key",
		never("ledger/objectconsortium.go", "if ", "slices.Contains(next.Next(), hash)", " {"))
	add("rules are the next", "ledger/machine", "TestRulesAtAHeight", "",
		edit{"ledger/machine/ruleobject.go", "next.Version == old.Version+1 && ", ""})
	add("from a height to come", "ledger/machine", "TestRulesAtAHeight", "",
		edit{"ledger/machine/ruleobject.go", " && next.From > t.height()", ""})
	add("one step after the other", "ledger/machine", "TestRulesAtAHeight", "",
		edit{"ledger/machine/ruleobject.go", " && old.From <= t.height() {", " {"})
	add("nobody judges by rules that he does not know", "ledger/machine", "TestRulesAtAHeight", "",
		edit{"ledger/machine/machine.go", "if err := t.knowsRules(); err != nil {", "if err := error(nil); err != nil {"})
	add("a nomination is proved", "ledger", "TestNomination", "another's key",
		edit{"ledger/nomination.go", "return n, DefaultSuites().verify(n.Decider.Key, n.message(), n.Proof)", "return n, nil"})
	add("for one ledger", "ledger", "TestNomination", "for another ledger",
		never("ledger/nomination.go", "if ", "n.Ledger != id", " {"))
	add("signatures before a countersignature hold", "ledger", "TestCountersign", "behind a bad signature",
		edit{"ledger/countersign.go", "if _, err := signed.Verify(id, s); err != nil {", "if false {\n\t\tvar err error"})
	add("a key that signed is noted before", "agency", "TestAgreements", "",
		edit{"agency/agreement.go", "		r.Keys[place].Signed = true\n", ""})
	add("a key that may be stored is not deleted", "agency", "TestNominationPerhapsStored", "",
		edit{"agency/agreement.go", "if errors.Is(err, ErrRaced) {", "if err != nil || errors.Is(err, ErrRaced) {"})
	add("and not promised again", "agency", "TestAgreements", "",
		never("agency/agreement.go", "if ", "promised(next, r.Keys[place])", " {"))
	add("a change that was begun is ended", "ledger/cometlog/cmd/hufu-node", "TestRotateRoot", "",
		edit{"ledger/cometlog/cmd/hufu-node/rotate.go", "err != nil && !errors.Is(err, fs.ErrNotExist)", "err != nil"})
	add("in a safe of files too", "ledger/cometlog/cmd/hufu-node", "TestTwoAgenciesDecide", "",
		never("ledger/cometlog/cmd/hufu-node/agreement.go", "if ", "slices.Contains(next.Next(), key.hash)", " {"))
	add("the first agreement is the one of the name", "ledger/machine", "TestNoConsortiumYet", "",
		edit{"ledger/machine/ruleobject.go", "case old == nil && next.Hash() != t.founding.First:", "case old == nil && false:"})
	add("a store of trust is of one ledger", "ledger", "TestClientNewTrustFile", "founded anew",
		never("ledger/truststate.go", "if ", "before.Ledger != pinned.ID()", " {"))
	add("an agency is of one ledger", "agency", "TestAgencyOfAnotherLedger", "",
		never("agency/record.go", "case ", "r.Ledger != nil && a.client != nil && ledger.ID(r.Ledger) != a.client.Pinned().ID()", ":"))
	add("keys of a desk name a ledger", "wallet/issuer", "TestNewRefusesWhatIsIncomplete", "keys of no ledger",
		never("wallet/issuer/desk.go", "case ", "k.Ledger == ledger.ID{}", ":"))
	for c, says := range map[string]string{
		"sha256.Sum256(b) != trust.Genesis": "another spelling", "len(voters) != len(first.Nodes)": "no voter",
		"v.Power != votingPower || !bytes.Equal(v.PubKey.Bytes(), first.Nodes[i])":                                         "voter",
		"founding != trust.Founding() || doc.ChainID != chainID(trust.ID()) || genesis.epochLength() != trust.EpochLength": "another chain",
	} {
		add("genesis: "+c, "ledger/cometlog", "TestGenesisUnderTheFingerprint", says, never("ledger/cometlog/genesis.go", "if ", c, " {"))
	}
	add("a node's keys serve one ledger", "ledger/cometlog", "TestKeysServeOneLedger", "",
		never("ledger/cometlog/config.go", "if ", "c.Origin != trust.Origin || len(c.Ledger) > 0 && !bytes.Equal(c.Ledger, id[:])", " {"))
	add("and so do a founder's", "ledger/cometlog", "TestKeysServeOneLedger", "",
		never("ledger/cometlog/testnet.go", "if ", "m.Origin != options.Origin || m.Ledger != nil", " {"))
	add("a member has the keys that it hands in", "ledger/cometlog", "TestParseMember", "no proof",
		never("ledger/cometlog/member.go", "if ", "!m.proved()", " {"))
	add("a branch has its share of the registry", "ledger/machine", "TestOneBranchFillsItsShare", "",
		never("ledger/machine/room.go", "if used += added; ", "used > uint64(t.zk.RegistryCapacity()/shares)", " {"))
	add("a schema takes of the share", "ledger/machine", "TestSchemasTakeTheirShare", "never full",
		edit{"ledger/machine/room.go", "max(added, g.schemas, 0)", "max(added, 0)"})
	// What a stolen key signed falls with it.
	for name, c := range map[string]edit{
		"accreditations": {"ledger/machine/ruleobject.go", "t.setSigned(c, a.Accreditor)", "t.set(c)"},
		"purposes":       {"ledger/machine/ruleaccess.go", "t.setSigned(c, p.Regulator)", "t.set(c)"},
		"status lists":   {"ledger/machine/ruleobject.go", "t.setSigned(c, s.Issuer)", "t.set(c)"},
	} {
		add("a thief's word is void: "+name, "ledger/machine", "TestStolen.*", "", c)
	}
	add("and nothing of before the theft", "ledger/machine", "TestStolen.*", "",
		edit{"ledger/machine/rulesigned.go", "key.Compromised() && int64(milli/1000) >= key.CompromisedFrom", "key.Compromised()"})
	add("nor what another key signed too", "ledger/machine", "TestNotOnlyTheThief", "",
		edit{"ledger/machine/rulesigned.go", "			if other {\n				continue\n			}\n", "			_ = other\n"})
	add("unless that is stolen, too", "ledger/machine", "TestNotOnlyTheThief", "",
		edit{"ledger/machine/rulesigned.go", "		if !stolen(key, at) {\n			return true, nil", "		if i > 0 || !stolen(key, at) {\n			return true, nil"})
	add("nor what was signed anew", "ledger/machine", "TestNotOnlyTheThief|TestTakenFromTheThief", "",
		edit{"ledger/machine/rulesigned.go", "	if err := t.forgetSigners(c.op.Key); err != nil {\n		return err\n	}\n	d, err", "	d, err"})
	add("nor what another's DID calls stolen", "ledger/machine", "TestKeyOnAStrangersDID", "",
		edit{"ledger/machine/rulesigned.go", "slices.Concat([]byte(signedBy+did+\"/\"), keyHash, []byte(object))", "slices.Concat([]byte(signedBy+\"/\"), keyHash, []byte(object))"})
	add("also from an earlier time on", "ledger/machine", "TestStolenFromEarlier", "",
		edit{"ledger/machine/rulesigned.go", "key.CompromisedFrom == old.Keys[i].CompromisedFrom {", "old.Keys[i].Compromised() || !key.Compromised() {"})
	add("the issuer goes on after its own sequence", "ledger/machine", "TestStolenStatusList", "",
		edit{"ledger/machine/rulesigned.go", ", ValidUntil: since}", ", Sequence: s.Sequence, ValidUntil: since}"})
	add("what falls shows in its history", "ledger/machine", "TestStolenAccreditation", "",
		edit{"ledger/machine/rulesigned.go", "	return t.changed(object)\n", "	return nil\n"})
	// No agency takes the name of another's object.
	for _, key := range []struct{ name, owned, bare string }{
		{"status", "PrefixStatus + issuer + \"/\" + uri", "PrefixStatus + uri"},
		{"anchor", "PrefixAnchor+agency+\"/\"", "PrefixAnchor"}, {"grant", "PrefixGrant+agency+\"/\"", "PrefixGrant"},
		{"trail", "PrefixTrail+founder+\"/\"", "PrefixTrail"}, {"rule", "PrefixRule + owner + \"/\" + id", "PrefixRule + id"},
	} {
		add("its owner stands in the key of a "+key.name, "ledger/machine", "TestNamesAreTheirOwners", "",
			edit{"ledger/key.go", key.owned, key.bare})
	}
	add("a record is begun in no other's name", "ledger/machine", "TestNamesAreTheirOwners", "",
		never("ledger/objectrule.go", "if ", "t.Sequence == 0 && t.Registrar != t.Founder", " {"))
	add("a record stays under its owner's rule", "ledger/machine", "TestNamesAreTheirOwners", "",
		edit{"ledger/machine/rulerecord.go", "next.RuleOwner != before.RuleOwner || ", ""})
	add("a record is handed over", "ledger/machine", "TestHandover", "",
		never("ledger/machine/rulerecord.go", "if err := t.handedOver(c, rule, before, next); ", "err != nil", " {"))
	add("by the root only where nobody else can", "ledger/machine", "TestHandover", "by_the_root",
		edit{"ledger/machine/rulerecord.go", "if gone && t.signedByDID", "if (gone || true) && t.signedByDID"})
	add("and by nobody else", "ledger/machine", "TestHandover", "from_nobody",
		edit{"ledger/machine/rulerecord.go", "if gone && t.signedByDID(c, t.root) == nil {", "if gone {"})
	add("the next version is the owner's", "ledger/machine", "TestNextVersionOfASchema", "",
		never("ledger/machine/ruleonce.go", "if err := t.followsSchema(c, s); ", "err != nil", " {"))
	add("an anchor for a type is taken once", "ledger/machine", "TestAnchorForAType", "",
		edit{"ledger/machine/ruleonce.go", "return fmt.Errorf(\"%w: anchored for the type before\", ledger.ErrConflict)", "return nil"})
	add("from who issues it", "ledger/machine", "TestAnchorForAType", "",
		never("ledger/machine/ruleonce.go", "if ", "!issues", " {"))
	add("a desk binds for its type", "wallet/issuer", "TestOneSecretForTwoPeople", "",
		edit{"wallet/issuer/bound.go", ", Type: a.typ.Schema.VCT,", ","})
	add("a policy's name leaves room for who counts", "verifier", "TestCountedPolicies", "an id beside no DID",
		edit{"verifier/counted.go", "ledger.RuleKey(anyOwner, p.ID", "ledger.RuleKey(\"\", p.ID"},
		edit{"verifier/counted.go", "const anyOwner =", "const _ ="})
	add("lists of one URI are kept apart", "provenance", "TestListsOfTwoIssuers", "",
		edit{"provenance/provenance.go", "of := listOf{t.claims.issuer, uri}", "of := listOf{\"\", uri}"})
	add("and so in a wallet", "wallet", "TestListsOfOneURI", "",
		edit{"wallet/standing.go", "return c.Issuer + \" \" + c.StatusURI", "return c.StatusURI"})
	add("revocations go on without an accreditation", "ledger/machine", "TestRevokeWithoutAccreditation", "",
		edit{"ledger/machine/ruleobject.go", "	if old != nil {\n		signed = t.signedByDID\n	}\n", ""})
	add("and lists do not begin", "ledger/machine", "TestRevokeWithoutAccreditation|TestOnlyAgenciesPublish", "",
		edit{"ledger/machine/ruleobject.go", "	signed := t.signedByAgency\n	if old != nil {", "	signed := t.signedByAgency\n	if t != nil {"})
	add("no schemas of another's type", "ledger/machine", "TestSchemaOfAnothersType", "",
		never("ledger/machine/ruleonce.go", "if err := t.mayPublish(s); ", "err != nil", " {"))
	// What lies on disk.
	add("a table more than the format's", "internal/sqlitefile", "TestCheck", "",
		never("internal/sqlitefile/format.go", "} else if ", "!f.AnyIndex || o.kind != \"index\"", " {"))
	add("a table less", "internal/sqlitefile", "TestCheck", "",
		never("internal/sqlitefile/format.go", "if ", "len(want) > 0", " {"))
	add("an older copy of a vault", "vault/sqlitevault", "TestWentBack", "",
		edit{"vault/sqlitevault/open.go", "	s.seen.counter = max(s.seen.counter, before)\n", ""})
	add("a head that the database's own key wrote", "internal/headfile", "TestParse", "",
		edit{"internal/headfile/headfile.go", "if bytes.Equal(s, f.slot(h)) && ", "if (bytes.Equal(s, f.slot(h)) || true) && "})
	add("the newest head is not overwritten", "internal/headfile", "TestTorn", "",
		edit{"internal/headfile/write.go", "int64(1-slot)*slotBytes", "int64(slot)*slotBytes"})
	add("the head is on the disk before a change is acknowledged", "ledger/sqlitelog", "TestPowerLoss", "acknowledged and lost",
		edit{"internal/headfile/write.go", "return durable.SyncContent(file)", "return nil"})
	add("the vault writes its head first", "vault/sqlitevault", "TestWentBack", "",
		edit{"vault/sqlitevault/store.go", "		s.generation.note(ctx, next.counter)\n", ""})
	add("an older counter's store", "verifier/sqlitestore", "TestWentBack$", "",
		never("verifier/sqlitestore/head.go", "case ", "failed == nil && now.Counter < before.Counter", ":"))
	add("another counter's head", "verifier/sqlitestore", "TestWentBack$", "",
		never("verifier/sqlitestore/head.go", "case ", "failed == nil && before.Digest != now.Digest", ":"))
	add("a counter's store that goes back while it is open", "verifier/sqlitestore", "TestWentBackWhileOpen", "",
		never("verifier/sqlitestore/head.go", "if ", "err == nil && h.Counter <= s.head.Noted().Counter", " {"))
	add("no empty store in place of one that is gone", "verifier/sqlitestore", "TestMissingStore", "",
		never("verifier/sqlitestore/head.go", "if ", "err == nil && h.Counter > 0", " {"))
	add("the counter writes its head first", "verifier/sqlitestore", "TestWentBack$", "",
		edit{"verifier/sqlitestore/store.go", "return describe(\"write head\", s.head.Note(context.WithoutCancel(ctx), h))", "return nil"})
	add("nothing more before the head is written", "verifier/sqlitestore", "TestHeadCannotBeWritten", "",
		edit{"verifier/sqlitestore/store.go", "err := s.head.Settle(ctx); err != nil", "err := error(nil); err != nil"})
	add("a half-made store is taken back", "verifier/sqlitestore", "TestPowerLoss", "readonly database",
		never("internal/sqlitefile/format.go", "if ", "errors.As(err, &e) && e.ExtendedCode == sqlite3.ErrReadonlyRollback", " {"))
	add("an older ledger", "ledger/sqlitelog", "TestWentBack$", "",
		never("ledger/sqlitelog/head.go", "if ", "size < before.Counter", " {"))
	add("another history of a ledger", "ledger/sqlitelog", "TestWentBack$", "another_history",
		never("ledger/sqlitelog/head.go", "if ", "err == nil && then.Digest != before.Digest", " {"))
	add("the ledger writes its head first", "ledger/sqlitelog", "TestWentBack$", "",
		edit{"ledger/sqlitelog/beside.go", "noted <- l.history.note(ctx, now)", "_ = now; noted <- nil"})
	add("a ledger that goes back while it is open", "ledger/sqlitelog", "TestWentBackWhileOpen", "the ledger",
		never("ledger/sqlitelog/beside.go", "if noted := l.history.Noted(); ", "head.Size < noted.Counter", " {"))
	add("a checkpoint known elsewhere", "ledger/sqlitelog", "TestKnownElsewhere", "",
		edit{"ledger/sqlitelog/open.go", "if known != nil {", "if known != nil && false {"})
	add("a witness writes its head first", "ledger/sqlitelog", "TestWitnessWentBack", "",
		edit{"ledger/sqlitelog/witness.go", "err := w.history.note(ctx, headfile.Head{Counter: head.Size, Digest: head.Root}); err != nil", "err := w.history.note(ctx, headfile.Head{}); err != nil"})
	add("a witness that goes back while it is open", "ledger/sqlitelog", "TestWentBackWhileOpen", "the witness",
		never("ledger/sqlitelog/witness.go", "if noted := w.history.Noted(); ", "before.Size < noted.Counter", " {"))
	// The counter.
	add("an epoch that has aged out", "verifier", "TestRevokedAtNoon", "want a rejection at epoch",
		never("verifier/proof.go", "if ", "a.now.Sub(closed) > a.policy.MaxAge.Epoch", " {"))
	add("several identity types are not one person", "verifier", "TestOnePersonOfAPolicy", "",
		never("verifier/verifier.go", "if err := policy.checkOnePerson(schemas); ", "err != nil", " {"))
	add("nor in an answer that joins two ways", "verifier", "TestOnePersonOfAnAnswer", "",
		never("verifier/proof.go", "if err := onePerson(proofs); ", "err != nil", " {"))
	add("the policy that was asked under", "verifier", "TestAnotherPolicy", "a good answer was refused",
		edit{"verifier/verify.go", "a.policy, err = v.policyOf(ctx, r.Policy)", "a.policy = v.cfg.Policies[0]"})
	add("accreditation for what is shown", "wallet", "TestAccreditationOfEachChoice", "",
		never("wallet/present.go", "if ", "choice.Accreditation != nil && !consent.AcceptUnaccredited", " {"))
	add("an answer counts once", "verifier", "TestReplay", "",
		never("verifier/verify.go", "case ", "!r.Accepted.IsZero()", ":"))
	add("once, though twenty come at a time", "verifier", "TestReplay", "accepted",
		never("verifier/memstore.go", "if ", "s.nonces[a.Nonce]", " {"))
	// What a ledger counts.
	add("an answer says what the wallet showed", "verifier", "TestCountedOnlyAsSaid", "",
		never("wallet/request.go", "if ", "s != nil && zkp.UseNonce(s.Payload(), s.UseSalt()) != r.Nonce", " {"))
	add("no use of an answer in another scope", "zkp/prover", "TestOnlyCountedIsUsed", "",
		edit{"zkp/use.go", "Kind: ScopeCounted, Owner: owner", "Kind: ScopeOnce, Owner: owner"})
	add("the rule that the ledger has", "verifier", "TestCountedNeedsTheRule", "",
		never("verifier/counted.go", "if ", "string(have.Bytes()) != string(want.Bytes())", " {"))
	add("a pseudonym counts once", "verifier", "TestOnce", "",
		never("verifier/memstore.go", "if ", "s.once[key] || fresh[key]", " {"))
	// Memory before any signature.
	add("a list of empty values is short", "internal/budget", "TestBudgets", "bytes were allocated",
		edit{"ledger/encoding.go", "	if limit <= limits.Operation {", "	if limit < 0 {"})
	add("so is a list of names", "internal/strictjson", "TestTokens", "32769 tokens under",
		never("internal/strictjson/strictjson.go", "if ", "left == 0", " {"))
	add("a table has so many rows", "internal/budget", "TestTableBudget", "a table of too many rows",
		never("wallet/issuer/table.go", "err == nil && ", "rows > limits.CSVRows", " {"))
	// The ceremony.
	for _, c := range []struct{ file, before, condition, after string }{
		{"chain.go", "case ", "len(files.records) == 0 && len(files.contributions) == 0", ":"},
		{"chain.go", "case ", "len(files.records) > 1", ":"},
		{"chain.go", "if err := r.signedBy(c.plan.Participants[place]); ", "err != nil", " {"},
		{"chain.go", "case ", "r.Ceremony != c.id", ":"},
		{"chain.go", "case ", "r.Step != s.String()", ":"},
		{"chain.go", "case ", "!r.Time.Before(c.plan.Beacons[s.phase].At)", ":"},
		{"chain.go", "participant(row[len(row)-1].Participant); ", "before >= place", " {"},
		{"chain.go", "if ", "sha256.Sum256(b) != r.Hash", " {"},
		{"chain.go", "if ", "c.beacons[s.phase] != nil && len(c.rows[s]) < c.plan.Minimum", " {"},
		{"chain.go", "case ", "now.Before(c.plan.Beacons[phase].At)", ":"},
		{"beacon.go", "if ", "!drandSigned(&signature, r.Round())", " {"},
		{"compute.go", "func proved(err error) error {\n	if ", "err != nil", " {"},
	} {
		add(c.condition, "zkp/prover/ceremony", ".*", "", never(ceremonyPath+c.file, c.before, c.condition, c.after))
	}
	return out
}
