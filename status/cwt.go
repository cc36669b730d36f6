package status

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
)

// TypeCWT is the typ of a status list token in CWT form, and its media type (section 5.2).
const TypeCWT = "application/statuslist+cwt"

// Labels of COSE headers (RFC 9052, section 3.1; RFC 9360; RFC 9596) and of CWT claims
// (RFC 8392, section 3.1; section 14.3 of the draft).
const (
	coseAlg, coseCrit, coseKid, coseType, coseChain = 1, 2, 4, 16, 33

	cwtSubject, cwtExpires, cwtIssuedAt, cwtStatusList, cwtTTL = 2, 4, 6, 65533, 65534
)

// tagSign1 is the tag of COSE_Sign1 (RFC 9052, section 4.2).
const tagSign1 = 18

// coseAlgs are the algorithms of package did as COSE names them (RFC 9053, section 2;
// RFC 9864).
var coseAlgs = map[int64]string{-7: "ES256", -8: "EdDSA", -19: "EdDSA"}

// sign1 is COSE_Sign1 in its tag.
type sign1 struct {
	_           struct{} `cbor:",toarray"`
	Protected   octets
	Unprotected cbor.RawMessage
	Payload     octets
	Signature   octets
}

// octets is a byte string, and no list of numbers, which the library would take as well.
type octets []byte

// UnmarshalCBOR reads a byte string.
func (o *octets) UnmarshalCBOR(raw []byte) error {
	b, ok := byteString(raw)
	if !ok {
		return ErrForm
	}
	*o = b
	return nil
}

// toBeSigned is Sig_structure (RFC 9052, section 4.4).
type toBeSigned struct {
	_         struct{} `cbor:",toarray"`
	Context   string
	Protected []byte
	External  []byte
	Payload   []byte
}

// listCBOR is the list in CBOR (section 4.3).
type listCBOR struct {
	Bits        int    `cbor:"bits"`
	List        octets `cbor:"lst"`
	Aggregation string `cbor:"aggregation_uri,omitempty"`
}

var (
	cwtWriter, _ = cbor.EncOptions{Sort: cbor.SortCoreDeterministic}.EncMode()
	cwtReader, _ = cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, IntDec: cbor.IntDecConvertSignedOrFail, MaxNestedLevels: 8, MaxArrayElements: 64,
		MaxMapPairs: 64, UTF8: cbor.UTF8RejectInvalid, TagsMd: cbor.TagsForbidden, FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	}.DecMode()
)

// SignCWT is Sign in CWT form: a tagged COSE_Sign1 with an untagged claims set. Header.Kid
// becomes the kid and Header.X5C the x5chain, both protected. Errors are those of Sign.
func SignCWT(ctx context.Context, signer crypto.Signer, header did.Header, claims Claims, list *List) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := claims.check(); err != nil {
		return nil, err
	}
	if signer == nil {
		return nil, did.ErrSigner
	}
	suite, err := did.DefaultSuites().ForKey(signer.Public())
	if err != nil {
		return nil, err
	}
	protected := map[int]any{coseType: TypeCWT}
	for number, name := range coseAlgs {
		if name == suite.Alg() && number != -19 {
			protected[coseAlg] = number
		}
	}
	if header.Kid != "" {
		protected[coseKid] = []byte(header.Kid)
	}
	switch len(header.X5C) {
	case 0:
	case 1:
		protected[coseChain] = header.X5C[0]
	default:
		protected[coseChain] = header.X5C
	}
	compressed, err := list.compress()
	if err != nil {
		return nil, err
	}
	body := map[int]any{
		cwtSubject: claims.Subject, cwtIssuedAt: claims.IssuedAt.Unix(), cwtExpires: claims.Expires.Unix(),
		cwtStatusList: listCBOR{list.bits, compressed, claims.Aggregation},
	}
	if ttl := claims.TTL / time.Second; ttl > 0 {
		body[cwtTTL] = int64(ttl)
	}
	return signCOSE(suite, signer, protected, body)
}

func signCOSE(suite did.Suite, signer crypto.Signer, protected, body map[int]any) ([]byte, error) {
	message := sign1{Unprotected: []byte{0xa0}}
	var err error
	if message.Protected, err = cwtWriter.Marshal(protected); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if message.Payload, err = cwtWriter.Marshal(body); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	signed, err := message.toBeSigned()
	if err != nil {
		return nil, err
	}
	if message.Signature, err = suite.Sign(signer, signed); err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrSigner, err)
	}
	if !suite.Verify(signer.Public(), signed, message.Signature) { // a faulty security module
		return nil, did.ErrSigner
	}
	text, err := cwtWriter.Marshal(cbor.Tag{Number: tagSign1, Content: message})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if len(text) > limits.StatusToken {
		return nil, ErrTooLarge
	}
	return text, nil
}

func (m *sign1) toBeSigned() ([]byte, error) {
	b, err := cwtWriter.Marshal(toBeSigned{Context: "Signature1", Protected: m.Protected, External: []byte{}, Payload: m.Payload})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	return b, nil
}

// cwt is a parsed token in CWT form.
type cwt struct {
	raw       []byte
	header    did.Header
	suite     did.Suite
	signed    []byte
	signature []byte
	list      []byte // compressed
}

// ParseCWT is Parse for the CWT form. A MAC is refused: who can check it can make it.
// Errors: [ErrForm], [ErrTooLarge], did.ErrAlgorithm.
func ParseCWT(b []byte, opts ParseOptions) (*Token, error) {
	if len(b) > limits.StatusToken {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, limits.StatusToken)
	}
	bad := func(what string) (*Token, error) { return nil, fmt.Errorf("%w: %s", ErrForm, what) }
	if len(b) == 0 || b[0] != 0xc0|tagSign1 {
		return bad("no tagged COSE_Sign1")
	}
	var m sign1
	if err := cwtReader.Unmarshal(b[1:], &m); err != nil {
		return bad("COSE_Sign1")
	}
	c := &cwt{raw: bytes.Clone(b), signature: m.Signature}
	if err := c.readHeaders(m.Protected, m.Unprotected, opts); err != nil {
		return nil, err
	}
	var err error
	if c.signed, err = m.toBeSigned(); err != nil {
		return nil, err
	}
	token := &Token{cwt: c}
	if err := token.readClaims(m.Payload); err != nil {
		return nil, err
	}
	if err := token.body.check(); err != nil {
		return nil, err
	}
	return token, nil
}

// readHeaders reads both headers. What is unprotected may choose the key, and nothing else.
func (c *cwt) readHeaders(protected, unprotected []byte, opts ParseOptions) error {
	var p, u map[int64]cbor.RawMessage
	if cwtReader.Unmarshal(protected, &p) != nil || cwtReader.Unmarshal(unprotected, &u) != nil {
		return fmt.Errorf("%w: COSE header", ErrForm)
	}
	for label := range p {
		if _, twice := u[label]; twice {
			return fmt.Errorf("%w: one COSE header twice", ErrForm)
		}
	}
	if p[coseCrit] != nil || u[coseCrit] != nil || u[coseAlg] != nil || u[coseType] != nil {
		return fmt.Errorf("%w: COSE header", ErrForm)
	}
	var number int64
	if cwtReader.Unmarshal(p[coseAlg], &number) != nil || coseAlgs[number] == "" {
		return did.ErrAlgorithm
	}
	suites := opts.Suites
	if suites == nil {
		suites = did.DefaultSuites()
	}
	var err error
	if c.suite, err = suites.ByAlg(coseAlgs[number]); err != nil {
		return err
	}
	if cwtReader.Unmarshal(p[coseType], &c.header.Typ) != nil || c.header.Typ != TypeCWT {
		return fmt.Errorf("%w: not of type %s", ErrForm, TypeCWT)
	}
	c.header.Alg = c.suite.Alg()
	if len(c.signature) != c.suite.SignatureSize() {
		return fmt.Errorf("%w: length of the signature", ErrForm)
	}
	return c.readKey(either(p, u, coseKid), either(p, u, coseChain))
}

func either(p, u map[int64]cbor.RawMessage, label int64) cbor.RawMessage {
	if p[label] != nil {
		return p[label]
	}
	return u[label]
}

// maxChain caps the certificates of x5chain, as in x5c.
const maxChain = 8

func (c *cwt) readKey(kid, chain cbor.RawMessage) error {
	name, ok := byteString(kid)
	if kid != nil && !ok || len(name) > limits.Identifier {
		return fmt.Errorf("%w: kid", ErrForm)
	}
	c.header.Kid = string(name)
	if chain == nil {
		return nil
	}
	if one, ok := byteString(chain); ok {
		c.header.X5C = [][]byte{one}
		return nil
	}
	var all []cbor.RawMessage
	if cwtReader.Unmarshal(chain, &all) != nil || len(all) < 2 || len(all) > maxChain {
		return fmt.Errorf("%w: x5chain", ErrForm)
	}
	for _, raw := range all {
		one, ok := byteString(raw)
		if !ok {
			return fmt.Errorf("%w: x5chain", ErrForm)
		}
		c.header.X5C = append(c.header.X5C, one)
	}
	return nil
}

// byteString reads a byte string, and no list of numbers.
func byteString(raw cbor.RawMessage) (b []byte, ok bool) {
	const byteStrings = 2
	ok = len(raw) > 0 && raw[0]>>5 == byteStrings && cwtReader.Unmarshal(raw, &b) == nil
	return b, ok
}

// readClaims reads the claims set into the form that both kinds of token share.
func (t *Token) readClaims(payload []byte) error {
	var claims map[any]cbor.RawMessage
	if cwtReader.Unmarshal(payload, &claims) != nil {
		return fmt.Errorf("%w: CWT claims", ErrForm)
	}
	read := func(label int64, to any) (bool, error) {
		raw, found := claims[label]
		if found && cwtReader.Unmarshal(raw, to) != nil {
			return true, fmt.Errorf("%w: CWT claim %d", ErrForm, label)
		}
		return found, nil
	}
	var list listCBOR
	var seconds [3]int64
	if _, err := read(cwtSubject, &t.body.Subject); err != nil {
		return err
	}
	found, err := read(cwtStatusList, &list)
	if err != nil || !found {
		return fmt.Errorf("%w: no status list", ErrForm)
	}
	t.body.StatusList = &listClaim{Bits: list.Bits, Aggregation: list.Aggregation}
	t.cwt.list = list.List
	for i, label := range []int64{cwtIssuedAt, cwtExpires, cwtTTL} {
		found, err := read(label, &seconds[i])
		if err != nil {
			return err
		}
		if found {
			t.body.setDate(i, seconds[i])
		}
	}
	return nil
}

// ParseListCBOR reads the list alone, in CBOR (section 4.3). Errors: [ErrForm],
// [ErrTooLarge].
func ParseListCBOR(b []byte) (*List, error) {
	if len(b) > limits.StatusToken {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, limits.StatusToken)
	}
	var list listCBOR
	if cwtReader.Unmarshal(b, &list) != nil {
		return nil, fmt.Errorf("%w: list in CBOR", ErrForm)
	}
	return inflateBytes(list.Bits, list.List)
}

// CBOR returns the bytes that ParseListCBOR reads.
func (l *List) CBOR() ([]byte, error) {
	compressed, err := l.compress()
	if err != nil {
		return nil, err
	}
	return cwtWriter.Marshal(listCBOR{Bits: l.bits, List: compressed})
}
