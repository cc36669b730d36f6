package issuer

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/hufu-id/hufu/vault"
)

// Errors of a transaction code.
var (
	// ErrTxCode: the transaction code is wrong. Of an offer in the making: it is not 4 to 8
	// digits.
	ErrTxCode = errors.New("issuer: wrong transaction code")
	// ErrTxCodeMissing: the offer has a transaction code, and none was given; or one was,
	// and the offer has none. It does not count as an attempt.
	ErrTxCodeMissing = errors.New("issuer: transaction code missing, or not asked for")
)

const (
	minTxDigits, maxTxDigits = 4, 8
	// maxWrong is how many wrong transaction codes end an offer.
	maxWrong = 5
)

// txCode is the transaction code that the options ask for, empty for none.
func (o *OfferOptions) txCode() (string, error) {
	code := o.TxCode
	switch {
	case code == "" && o.TxDigits == 0:
		return "", nil
	case o.SignIn:
		return "", fmt.Errorf("%w: an offer with a sign-in has none", ErrTxCode)
	case code == "" && (o.TxDigits < minTxDigits || o.TxDigits > maxTxDigits):
		return "", fmt.Errorf("%w: it has %d to %d digits", ErrTxCode, minTxDigits, maxTxDigits)
	case code == "":
		return drawDigits(o.TxDigits)
	}
	if len(code) < minTxDigits || len(code) > maxTxDigits || strings.Trim(code, "0123456789") != "" {
		return "", fmt.Errorf("%w: it has %d to %d digits", ErrTxCode, minTxDigits, maxTxDigits)
	}
	return code, nil
}

func drawDigits(n int) (string, error) {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	drawn, err := rand.Int(rand.Reader, most)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%0*d", n, drawn), nil
}

// lock has an offer ask for a transaction code.
func (o *offer) lock(txCode string) {
	if txCode != "" {
		o.TxCode, o.TxDigits = hashText("tx-code", o.Code, txCode), len(txCode)
	}
}

// unlock compares a transaction code. It counts a wrong one in the transaction, which the
// caller must commit, and ends the offer after too many: refused is then the reason.
func (d *Desk) unlock(tx vault.Tx, id string, o *offer, txCode string) (refused, err error) {
	if (o.TxCode == "") != (txCode == "") {
		return nil, ErrTxCodeMissing
	}
	if o.TxCode == "" || subtle.ConstantTimeCompare([]byte(o.TxCode), []byte(hashText("tx-code", o.Code, txCode))) == 1 {
		return nil, nil
	}
	if o.Wrong++; o.Wrong >= maxWrong {
		return ErrTxCode, d.end(tx, id)
	}
	return ErrTxCode, put(tx, kindOffer, id, o)
}
