package openid

// The tests of RFC 9285's vectors reach the functions behind QRText.
var (
	EncodeBase45 = encodeBase45
	DecodeBase45 = decodeBase45
)
