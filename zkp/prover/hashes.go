package prover

import "github.com/hufu-id/hufu/zkp"

// systemHashes pin the compiled circuits, so that opening keys needs no
// compilation. A test compiles them and compares; a changed circuit needs a new
// name, a new hash here and new keys.
var systemHashes = map[zkp.Circuit]string{
	zkp.CircuitPrepare: "36d8852a2a989da6a964749d29985bc0db6e1108b473cb4013395765cc8880be",
	zkp.CircuitShow:    "fbf504202ebc65cbed172865e4d2c74379eb0c74d497a18b6660a9e155c6decc",
}
