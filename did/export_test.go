package did

// EncodeBase58 lets tests compare with published base58 keys.
var EncodeBase58 = encodeBase58
