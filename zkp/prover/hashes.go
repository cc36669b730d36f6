package prover

import "github.com/hufu-id/hufu/zkp"

// systemHashes pins the compiled circuits, so that opening keys needs no
// compilation. A test compiles the circuits and compares. A changed circuit
// needs a new name, a new hash here and new keys.
var systemHashes = map[zkp.Circuit]string{
	zkp.CircuitPrepare: "e06c63e2482b71e41cdb77343e342f8c928101f1bd9b0ea91ee82dd4ebb2bc19",
	zkp.CircuitShow:    "dcdcfc84a776bcd14a57be70ace88ae39ac477598a7c1a5dc26f325dbb4fde92",
	zkp.CircuitShowSet: "7c610ca5d6aab3632a6757e6c3fa2041a47587dc7f0fbd374c86b69c963ac62b",
}
