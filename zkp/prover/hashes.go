package prover

import "github.com/hufu-id/hufu/zkp"

// systemHashes pins the compiled circuits, so that opening keys needs no
// compilation. A test compiles the circuits and compares. A changed circuit
// needs a new name, a new hash here and new keys.
var systemHashes = map[zkp.Circuit]string{
	zkp.CircuitPrepare: "9f076557cc39591ace054077982c62ae1e5484720cc5b0be0fff6f42b346b5b1",
	zkp.CircuitShow:    "350b685f367a8a2a113d3f4f8c242894840df0c63120d3c8a3c1bb017730cf88",
	zkp.CircuitShowSet: "2031c351bd0f6dcb03997fc352f5ef80ff01c8298e4757067066844bc00132db",
}
