package formats_test

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/zkp"
)

// schnorr signs with a nonce that depends on the message alone, by the formulas
// of zk-endorsement.md, so that a vector can be made again.
type schnorr struct{ *zkp.PrivateKey }

func (s schnorr) SignCredential(_ context.Context, m zkp.Message) (*zkp.Signature, error) {
	curve := twistededwards.GetEdwardsCurve()
	reduced := func(parts ...[]byte) *big.Int {
		wide := sha512.Sum512(slices.Concat(parts...))
		n := new(big.Int).SetBytes(wide[:])
		return n.Mod(n, &curve.Order)
	}
	secret := s.Seed()
	expanded := sha512.Sum512(append([]byte("hufu/zkp/2/key\x00"), secret[:]...))
	scalar := reduced([]byte("hufu/zkp/2/scalar\x00"), expanded[:32])
	signed := []zkp.Element{m.Schema, m.Region, m.Holder, m.Issuance, m.Terms, m.Attributes}
	nonce := reduced([]byte("hufu/formats/nonce"), join(signed...))
	var r twistededwards.PointAffine
	r.ScalarMultiplicationBase(nonce)
	x, y := s.ProofKey().Coordinates()
	hash := zkp.Compress(12, append([]zkp.Element{zkp.Domains()["signature"], r.X, r.Y, x, y}, signed...)...)
	sum := new(big.Int).Mul(new(big.Int).SetBytes(join(hash)[16:]), scalar)
	sum.Mod(sum.Add(sum, nonce), &curve.Order)
	point := r.Bytes()
	return zkp.ParseSignature(append(point[:], sum.FillBytes(make([]byte, 32))...))
}

// endorsed is what the endorsement of the vector states.
func endorsed(t testing.TB) zkp.EndorsementSpec {
	t.Helper()
	secret := zkp.Secret(must31(seed("holder secret")))
	scope := zkp.IssuanceScope("did:hufu:office", "cn.resident")
	holder := must[zkp.Element](t)(secret.HolderCommitment(scope))
	return zkp.EndorsementSpec{
		Schema: zkp.SchemaElement("cn.resident", 1), Region: "110101", Holder: holder, Issuance: scope, NotBefore: 46081, NotAfter: 46445,
		Attributes: zkp.Attributes{text(t, "张三"), zkp.EncodeDate(33008)},
	}
}

func must31(b [32]byte) [31]byte { return [31]byte(b[:31]) }

func zkEndorsement(t testing.TB) page {
	spec := endorsed(t)
	random := seed("random of an endorsement")
	endorsement := must[*zkp.Endorsement](t)(zkp.IssueEndorsement(t.Context(), schnorr{proofKey(t, "issuer")}, spec, &onceReader{random[:16]}))
	good := endorsement.String()
	raw := must[[]byte](t)(base64.RawURLEncoding.DecodeString(good))
	bend := func(change func(b []byte)) []byte {
		b := slices.Clone(raw)
		change(b)
		return []byte(base64.RawURLEncoding.EncodeToString(b))
	}
	return page{
		name:   "zk-endorsement",
		limits: map[string]int{"text": 512},
		doors: map[string]door{"endorsement": func(b []byte) (any, []byte, error) {
			h, err := zkp.ParseEndorsement(string(b))
			if err != nil {
				return nil, nil, err
			}
			if err := h.Verify(spec.Schema, spec.Holder, &spec.Attributes); err != nil {
				return nil, nil, err
			}
			m, err := h.Message(spec.Schema, spec.Holder, &spec.Attributes)
			if err != nil {
				return nil, nil, err
			}
			x, y := h.Signature.Point()
			return fields{
				"rx": x, "ry": y, "s": h.Signature.Scalar().Text(16), "issuer": h.Issuer.Bytes(), "random": h.Random, "region": h.Region,
				"notBefore": h.NotBefore, "notAfter": h.NotAfter, "handle": h.Handle(),
				"owner": h.Issuance.Owner, "id": h.Issuance.ID, "scope": m.Issuance, "terms": m.Terms,
			}, []byte(h.String()), nil
		}},
		context: fields{"schema": spec.Schema, "holder": spec.Holder, "attributes": spec.Attributes},
		vectors: []example{{"an endorsement that holds for the attributes of the context", "endorsement", []byte(good)}},
		refused: []refusal{
			{"version 2", "endorsement", bend(func(b []byte) { b[0] = 2 }), zkp.ErrForm},
			{"suite 1", "endorsement", bend(func(b []byte) { b[1] = 1 }), zkp.ErrForm},
			{"padding", "endorsement", []byte(good + "="), zkp.ErrForm},
			{"S, and the order added", "endorsement", bend(addOrder), zkp.ErrForm},
			{"a region of seven digits", "endorsement", bend(func(b []byte) { binary.BigEndian.PutUint32(b[114:], 1_000_000) }), zkp.ErrForm},
			{"validity that ends before it begins", "endorsement", bend(func(b []byte) { binary.BigEndian.PutUint32(b[122:], 46080) }), zkp.ErrForm},
			{"validity of 2^16 days", "endorsement", bend(func(b []byte) { binary.BigEndian.PutUint32(b[122:], 46081+1<<16) }), zkp.ErrForm},
			{"days of more than 20 bits", "endorsement", bend(func(b []byte) {
				binary.BigEndian.PutUint32(b[118:], 1<<20)
				binary.BigEndian.PutUint32(b[122:], 1<<20)
			}), zkp.ErrForm},
			{"a byte more", "endorsement", []byte(base64.RawURLEncoding.EncodeToString(append(slices.Clone(raw), 0))), zkp.ErrForm},
			{"a scope without an owner", "endorsement", []byte(base64.RawURLEncoding.EncodeToString(append(slices.Clone(raw[:126]), 0, 0, 0, 1, 'x'))), zkp.ErrForm},
			{"the scope of another desk than was signed", "endorsement", bend(func(b []byte) { b[128] ^= 1 }), zkp.ErrSignature},
			{"another region than was signed", "endorsement", bend(func(b []byte) { b[117] ^= 1 }), zkp.ErrSignature},
			{"another random number than was signed", "endorsement", bend(func(b []byte) { b[98] ^= 1 }), zkp.ErrSignature},
		},
	}
}

// onceReader hands out its bytes once.
type onceReader struct{ rest []byte }

func (r *onceReader) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, errors.New("no more random bytes")
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// addOrder spells S a second time.
func addOrder(b []byte) {
	curve := twistededwards.GetEdwardsCurve()
	s := new(big.Int).SetBytes(b[34:66])
	s.Add(s, &curve.Order).FillBytes(b[34:66])
}

func zkVerifyingKey(t testing.TB) page {
	var r recordedAnswer
	readRecorded(t, "presentation.json", &r)
	return page{
		name: "zk-verifying-key",
		doors: map[string]door{
			"verifying key": func(b []byte) (any, []byte, error) { return parseKey(b, true) },
			// What a reader does that was not asked to take a development key.
			"verifying key of a ceremony": func(b []byte) (any, []byte, error) { return parseKey(b, false) },
		},
		vectors: []example{
			{"of the circuit that prepares", "verifying key", r.PrepareKey},
			{"of the circuit that shows", "verifying key", r.ShowKey},
		},
		refused: []refusal{
			{"a key of one party, which nobody asked to take", "verifying key of a ceremony", r.PrepareKey, zkp.ErrSinglePartySetup},
			{"an unknown kind of setup", "verifying key", flipped(r.PrepareKey, 10, 2), zkp.ErrVerifyingKey},
			{"a circuit that does not exist", "verifying key", flipped(r.PrepareKey, 12, 1), zkp.ErrVerifyingKey},
			{"a byte more", "verifying key", append(slices.Clone(r.PrepareKey), 0), zkp.ErrVerifyingKey},
			{"the same γ and δ", "verifying key", sameDelta(r.PrepareKey), zkp.ErrVerifyingKey},
			{"a public input whose point is at infinity", "verifying key", unboundInput(r.PrepareKey), zkp.ErrVerifyingKey},
		},
	}
}

const keyHead = len("hufu/vk/1\x00") + 2 + len("hufu-prepare-2")

// sameDelta puts γ where δ is.
func sameDelta(key []byte) []byte {
	b := slices.Clone(key)
	copy(b[keyHead+32+128:], b[keyHead+32+64:keyHead+32+128])
	return b
}

func unboundInput(key []byte) []byte {
	b := slices.Clone(key)
	at := keyHead + 32 + 192 + 32
	copy(b[at:], append([]byte{0x40}, make([]byte, 31)...))
	return b
}

func parseKey(b []byte, development bool) (any, []byte, error) {
	k, err := zkp.ParseVerifyingKey(b, sha256.Sum256(b), zkp.KeyOptions{AllowSinglePartySetupUnsafe: development})
	if err != nil {
		return nil, nil, err
	}
	return fields{"circuit": k.Circuit(), "setup": int(k.Setup()), "publicInputs": k.Circuit().PublicInputs(), "hash": k.Hash()}, k.Bytes(), nil
}

func zkPresentation(t testing.TB) page {
	var r recordedAnswer
	readRecorded(t, "presentation.json", &r)
	epoch, request := r.Epoch.epoch(t), r.Request.request(t)
	keys := zkKeys(t, r.PrepareKey, r.ShowKey)
	other := slices.Clone(r.Presentation)
	copy(other[74:202], other[202:330]) // both are proofs, of different circuits
	text := func(revealed ...any) []byte {
		return []byte((&openid.ProofPresentation{Proof: r.Presentation, Reveals: revealed}).String())
	}
	return page{
		name:   "zk-presentation",
		limits: map[string]int{"one show": zkp.PresentationSize(1), "four shows": zkp.PresentationSize(zkp.MaxShows), "proof": zkp.ProofSize},
		context: fields{
			"prepareKey": base64.StdEncoding.EncodeToString(r.PrepareKey), "showKey": base64.StdEncoding.EncodeToString(r.ShowKey), "epoch": epoch,
			"request": fields{
				"nonce": request.Nonce, "audience": request.Audience, "query": request.Query, "expiry": request.Expiry.Unix(),
				"scope": fields{"kind": string(request.Scope.Kind), "owner": request.Scope.Owner, "id": request.Scope.ID}, "questions": request.Questions,
			},
		},
		doors: map[string]door{
			"presentation": func(b []byte) (any, []byte, error) {
				p, err := zkp.ParsePresentation(b)
				if err != nil {
					return nil, nil, err
				}
				shown, err := zkp.Verify(keys, epoch, request, p)
				if err != nil {
					return nil, nil, err
				}
				prepare, show := publicInputs(epoch, request, p)
				return fields{
					"epoch": p.Epoch, "com": p.Commitment, "pseudonym": p.Pseudonym, "shows": len(p.Shows), "scope": shown.Scope,
					"prepareInputs": prepare, "showInputs": show,
				}, p.Bytes(), pairs(r.PrepareKey, &p.Prepare, prepare, r.ShowKey, &p.Shows[0], show)
			},
			"presentation text": func(b []byte) (any, []byte, error) {
				p, err := openid.ParseProofPresentation(string(b))
				if err != nil {
					return nil, nil, err
				}
				digest := sha256.Sum256(p.Proof)
				return fields{"bytes": len(p.Proof), "sha256": digest, "reveals": []any(p.Reveals)}, []byte(p.String()), nil
			},
		},
		vectors: []example{
			{"of the question in the context", "presentation", r.Presentation},
			{"the same as text", "presentation text", text()},
			{"the same as text, with two values", "presentation text", text("110101", int64(5))},
		},
		refused: []refusal{
			{"a byte less", "presentation", r.Presentation[:329], zkp.ErrForm},
			{"version 2", "presentation", flipped(r.Presentation, 0, 3), zkp.ErrForm},
			{"com with its order added, a second spelling", "presentation", addModulus(r.Presentation, 10), zkp.ErrForm},
			{"a proof point at infinity", "presentation", infinite(r.Presentation), zkp.ErrForm},
			{"of another epoch", "presentation", flipped(r.Presentation, 9, 1), zkp.ErrEpoch},
			{"the show in place of the prepare", "presentation", other, zkp.ErrPrepare},
			{"another pseudonym", "presentation", flipped(r.Presentation, 73, 1), zkp.ErrShow},
			{"an empty list of values", "presentation text", append(text(), "~W10"...), openid.ErrResponse},
			{"a space in the list of values", "presentation text", append(text(), ("~" + base64.RawURLEncoding.EncodeToString([]byte(`[1, 2]`)))...), openid.ErrResponse},
		},
	}
}

func zkKeys(t testing.TB, encoded ...[]byte) *zkp.Keys {
	t.Helper()
	var list []*zkp.VerifyingKey
	for _, b := range encoded {
		list = append(list, must[*zkp.VerifyingKey](t)(zkp.ParseVerifyingKey(b, sha256.Sum256(b), zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})))
	}
	return must[*zkp.Keys](t)(zkp.NewKeys(list...))
}

// publicInputs are those of both circuits, put together as zk-presentation.md
// says, for a request of one question and one statement.
func publicInputs(e zkp.Epoch, r *zkp.Request, p *zkp.Presentation) (prepare, show []zkp.Element) {
	question := r.Questions[0]
	prepare = []zkp.Element{e.Registry, e.Revocation, question.Schema, number(uint64(e.Day)), p.Commitment}
	expiry := binary.BigEndian.AppendUint64(nil, uint64(r.Expiry.Unix()))
	context := zkp.HashToField("context", []byte(r.Nonce), []byte(r.Audience), r.Query[:], expiry, p.Prepare.Bytes(), join(prepare...))
	scope := zkp.HashToField("scope", []byte(r.Scope.Kind), []byte(r.Scope.Owner), []byte(r.Scope.ID))
	show = []zkp.Element{p.Commitment, context, scope, p.Pseudonym}
	for _, asked := range question.Statements[0].Predicates {
		p0, p1 := asked.Value, zkp.Element{}
		if asked.Op == zkp.OpRange {
			p0, p1 = number(asked.Low), number(asked.High)
		}
		show = append(show, number(uint64(asked.Op)), number(uint64(asked.Slot)), p0, p1)
	}
	return prepare, append(show, zkp.Element{}, number(uint64(question.Statements[0].Table)))
}

// pairs checks e(A, B) = e(α, β)·e(ΣIC, γ)·e(C, δ) of both proofs, from the bytes
// of the keys.
func pairs(prepareKey []byte, prepare *zkp.Proof, prepareInputs []zkp.Element, showKey []byte, show *zkp.Proof, showInputs []zkp.Element) error {
	return errors.Join(pairing(prepareKey, prepare, prepareInputs), pairing(showKey, show, showInputs))
}

func pairing(key []byte, proof *zkp.Proof, inputs []zkp.Element) error {
	rest := key[len("hufu/vk/1\x00")+2+int(key[11]):]
	var alpha, ic, sum bn254.G1Affine
	var g2 [3]bn254.G2Affine
	_, err := alpha.SetBytes(rest)
	for i := range g2 {
		_, e := g2[i].SetBytes(rest[32+64*i:])
		err = errors.Join(err, e)
	}
	_, e := sum.SetBytes(rest[224:])
	err = errors.Join(err, e)
	for i, input := range inputs {
		_, e := ic.SetBytes(rest[224+32*(i+1):])
		err = errors.Join(err, e)
		ic.ScalarMultiplication(&ic, input.BigInt(new(big.Int)))
		sum.Add(&sum, &ic)
	}
	var minus bn254.G1Affine
	ok, e := bn254.PairingCheck([]bn254.G1Affine{*minus.Neg(&proof.A), alpha, sum, proof.C}, []bn254.G2Affine{proof.B, g2[0], g2[1], g2[2]})
	if err = errors.Join(err, e); err == nil && !ok {
		return errors.New("the pairing equation of the page does not hold")
	}
	return err
}

func addModulus(b []byte, at int) []byte {
	b = slices.Clone(b)
	n := new(big.Int).SetBytes(b[at : at+32])
	n.Add(n, fr.Modulus()).FillBytes(b[at : at+32])
	return b
}

func infinite(b []byte) []byte {
	b = slices.Clone(b)
	copy(b[74:], append([]byte{0x40}, make([]byte, 31)...))
	return b
}

func zkUse(t testing.TB) page {
	r := recordedUse(t)
	registry, revocation := [32]byte(r.Epoch.Registry), [32]byte(r.Epoch.Revocation)
	asked, err := zkp.ParseUse(r.Use)
	if err != nil {
		t.Fatal(err)
	}
	statement := asked.Statement.Digest()
	check := func(b []byte) ([32]byte, error) {
		a := zkp.Accumulator{AllowSinglePartySetupUnsafe: true}
		key := func(circuit string) ([]byte, bool, error) { return r.Keys[circuit], false, nil }
		return a.CheckUse(b, r.Owner, r.Event, [32]byte(r.Payload), asked.SchemaID, asked.SchemaVersion, statement, r.Epoch.Number, uint32(r.Epoch.Day), registry, revocation, key)
	}
	epoch := fields{"number": r.Epoch.Number, "day": r.Epoch.Day, "registry": hex.EncodeToString(r.Epoch.Registry), "revocation": hex.EncodeToString(r.Epoch.Revocation)}
	return page{
		name:   "zk-use",
		limits: map[string]int{"text": 512},
		context: fields{
			"prepareKey": base64.StdEncoding.EncodeToString(r.Keys["hufu-prepare-2"]), "showKey": base64.StdEncoding.EncodeToString(r.Keys["hufu-show-2"]),
			"epoch": epoch, "owner": r.Owner, "event": r.Event, "payload": hex.EncodeToString(r.Payload),
			"schema": asked.SchemaID, "version": asked.SchemaVersion, "digest": hex.EncodeToString(statement[:]),
		},
		doors: map[string]door{"use": func(b []byte) (any, []byte, error) {
			u, err := zkp.ParseUse(b)
			if err != nil {
				return nil, nil, err
			}
			nullifier, err := check(b)
			if err != nil {
				return nil, nil, err
			}
			return fields{
				"salt": u.Salt, "query": u.Query, "expiry": u.Expiry.Unix(), "audience": u.Audience, "schema": u.SchemaID, "version": u.SchemaVersion,
				"statement": u.Statement, "nonce": zkp.UseNonce([32]byte(r.Payload), u.Salt), "nullifier": nullifier,
			}, u.Bytes(), nil
		}},
		vectors: []example{{"one person, counted once", "use", r.Use}},
		refused: []refusal{
			{"another version", "use", flipped(r.Use, 9, 3), zkp.ErrForm},
			{"a byte more", "use", append(slices.Clone(r.Use), 0), zkp.ErrForm},
			{"another salt, so another nonce", "use", flipped(r.Use, 11, 1), zkp.ErrShow},
			{"another schema than the rule's", "use", schemaless(r.Use, asked), zkp.ErrStatement},
			{"a table that is not monotone", "use", tableless(r.Use), zkp.ErrStatement},
		},
	}
}

// schemaless is about another schema.
func schemaless(b []byte, u *zkp.Use) []byte {
	return flipped(b, 11+16+32+8+2+len(u.Audience)+2, 1)
}

// tableless accepts an answer for which no predicate holds.
func tableless(b []byte) []byte {
	b = slices.Clone(b)
	at := len(b) - zkp.PresentationSize(1) - 2
	binary.BigEndian.PutUint16(b[at:], 1)
	return b
}
