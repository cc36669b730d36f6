package main

import (
	_ "embed"
	"encoding/json"
	"errors"

	"github.com/privacybydesign/gabi"
	"github.com/privacybydesign/gabi/big"
	"github.com/privacybydesign/gabi/gabikeys"
	"github.com/privacybydesign/gabi/rangeproof"
	"github.com/privacybydesign/gabi/revocation"

	"github.com/hufu-id/hufu/zkp"
)

// The issuer's key of 2048 bits is kept, for safe primes take minutes to find.
// It signs the credential of this comparison and nothing else.
var (
	//go:embed testdata/idemix-private-benchmark-only.xml
	idemixPrivate string
	//go:embed testdata/idemix-public.xml
	idemixPublic string
)

// Indices of the Idemix credential: the holder's secret, sixteen attributes as
// ours has, and the revocation attribute.
const (
	idemixBirth      = 1 + slotBirth
	idemixAttributes = 1 + zkp.Slots + 1
)

// squaresLimit bounds the table that writes a difference as three squares, the
// quicker of the two ways that gabi knows. gabi takes a quarter of it: 44 years.
const squaresLimit = 1<<16 - 1

// idemix is one holder and one counter, ready to prove an age and that the
// credential is not revoked.
type idemix struct {
	public         *gabikeys.PublicKey
	credential     *gabi.Credential
	statement      *rangeproof.Statement
	context, nonce *big.Int
	proof          []byte
}

func newIdemix() (*idemix, error) {
	private, err := gabikeys.NewPrivateKeyFromXML(idemixPrivate, true)
	if err != nil {
		return nil, err
	}
	x := new(idemix)
	if x.public, err = gabikeys.NewPublicKeyFromXML(idemixPublic); err != nil {
		return nil, err
	}
	if x.context, err = gabi.GenerateNonce(); err != nil {
		return nil, err
	}
	if x.nonce, err = gabi.GenerateNonce(); err != nil {
		return nil, err
	}
	day, err := zkp.ParseDay(today)
	if err != nil {
		return nil, err
	}
	if x.statement, err = bornBefore(zkp.AtLeastYears(slotBirth, 18, day)); err != nil {
		return nil, err
	}
	return x, x.issue(private)
}

// bornBefore is our predicate, asked of Idemix: the same bound of the same
// encoding.
func bornBefore(p zkp.Predicate) (*rangeproof.Statement, error) {
	s, err := rangeproof.NewStatement(rangeproof.LesserOrEqual, big.NewInt(int64(p.High)))
	if err != nil {
		return nil, err
	}
	s.Splitter = rangeproof.GenerateSquaresTable(squaresLimit)
	return s, nil
}

// issue signs secret, attributes and revocation attribute, and puts the
// credential under an accumulator.
func (x *idemix) issue(private *gabikeys.PrivateKey) error {
	update, err := revocation.NewAccumulator(private)
	if err != nil {
		return err
	}
	accumulator, err := update.SignedAccumulator.UnmarshalVerify(x.public)
	if err != nil {
		return err
	}
	witness, err := revocation.RandomWitness(private, accumulator)
	if err != nil {
		return err
	}
	witness.SignedAccumulator = update.SignedAccumulator
	attributes, err := idemixValues(witness.E)
	if err != nil {
		return err
	}
	signature, err := gabi.SignMessageBlock(private, x.public, attributes)
	if err != nil {
		return err
	}
	x.credential = &gabi.Credential{
		Signature: signature, Pk: x.public, Attributes: attributes, NonRevocationWitness: witness,
	}
	return nil
}

func idemixValues(revocation *big.Int) ([]*big.Int, error) {
	secret, err := gabi.GenerateSecretAttribute()
	if err != nil {
		return nil, err
	}
	ours, err := attributes()
	if err != nil {
		return nil, err
	}
	values := []*big.Int{secret}
	for _, e := range ours {
		b := e.Bytes()
		values = append(values, new(big.Int).SetBytes(b[:]))
	}
	return append(values, revocation), nil
}

// prepare commits to the revocation witness ahead of time, which is what gabi
// can do before it is asked.
func (x *idemix) prepare() error { return x.credential.NonrevPrepareCache() }

// prove hides every attribute. It uses up what prepare left, if anything.
func (x *idemix) prove() error {
	builder, err := x.credential.CreateDisclosureProofBuilder(nil,
		map[int][]*rangeproof.Statement{idemixBirth: {x.statement}}, true)
	if err != nil {
		return err
	}
	list, err := gabi.ProofBuilderList{builder}.BuildProofList(x.context, x.nonce, false)
	if err != nil {
		return err
	}
	x.proof, err = json.Marshal(list)
	return err
}

// verify is the counter's part, from the JSON that travels: the proof holds, it
// is of the bound that was asked, and it shows that nothing was revoked.
func (x *idemix) verify() error { return x.verifyAs(x.nonce, x.statement, x.proof) }

func (x *idemix) verifyAs(nonce *big.Int, asked *rangeproof.Statement, b []byte) error {
	var list gabi.ProofList
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	if len(list) != 1 {
		return errors.New("not one proof")
	}
	proof, ok := list[0].(*gabi.ProofD)
	if !ok || !proof.HasNonRevocationProof() {
		return errors.New("no proof of non-revocation")
	}
	ranges := proof.RangeProofs[idemixBirth]
	if len(ranges) != 1 || !ranges[0].Proves(asked) {
		return errors.New("not the bound that was asked")
	}
	if !list.Verify([]*gabikeys.PublicKey{x.public}, x.context, nonce, false, nil) {
		return errors.New("Idemix proof does not hold")
	}
	return nil
}
