package did

import (
	"math/big"
	"strings"
)

// base58Alphabet is the alphabet of Bitcoin: without 0, O, I and l.
const base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

var base58Radix = big.NewInt(58)

// decodeBase58 decodes s in time quadratic in its length, which Parse has
// capped. Every text over the alphabet has exactly one meaning, so each text is
// canonical.
func decodeBase58(s string) ([]byte, bool) {
	n := new(big.Int)
	for _, c := range []byte(s) {
		digit := strings.IndexByte(base58Alphabet, c)
		if digit < 0 {
			return nil, false
		}
		n.Mul(n, base58Radix)
		n.Add(n, big.NewInt(int64(digit)))
	}
	zeros := len(s) - len(strings.TrimLeft(s, base58Alphabet[:1]))
	return append(make([]byte, zeros), n.Bytes()...), s != ""
}

func encodeBase58(data []byte) string {
	n, digit := new(big.Int).SetBytes(data), new(big.Int)
	var reversed []byte
	for n.Sign() > 0 {
		n.DivMod(n, base58Radix, digit)
		reversed = append(reversed, base58Alphabet[digit.Int64()])
	}
	for i := 0; i < len(data) && data[i] == 0; i++ {
		reversed = append(reversed, base58Alphabet[0])
	}
	for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
		reversed[i], reversed[j] = reversed[j], reversed[i]
	}
	return string(reversed)
}
