// Package wasm holds three examples that run in a browser, or wherever there is
// JavaScript, compiled by plain Go for js/wasm:
//
//	zkp       checks zero-knowledge presentations, and nothing else
//	verifier  a whole service counter, working from a bundle of ledger proofs
//	prover    proves statements, so that a wallet can be a web page
//
// Each is built and loaded alike:
//
//	GOOS=js GOARCH=wasm go build -ldflags "-s -w" -trimpath \
//	  -gcflags=all=-l -gcflags=math/bits= -gcflags=crypto/internal/...= \
//	  -gcflags=github.com/consensys/gnark-crypto/...= -o zkp.wasm ./examples/wasm/zkp
//	cp "$(go env GOROOT)/lib/wasm/wasm_exec.js" .
//
//	<script src="wasm_exec.js"></script>
//	<script>
//	  const go = new Go();
//	  const { instance } = await WebAssembly.instantiateStreaming(fetch("zkp.wasm"), go.importObject);
//	  go.run(instance);
//	  const answer = JSON.parse(hufu.verify(JSON.stringify({epoch, request, answer})));
//	</script>
//
// The -gcflags give up inlining everywhere but in the arithmetic: a module is a
// tenth smaller for it, and no slower where it counts.
//
// The comment of each command says what its functions take and return. Go runs
// on one thread there: a page that must stay responsive loads the module in a
// worker. On a phone none of this is needed: the packages build for android and
// iOS as they are.
//
// The tests in this folder run the modules under Node.
package wasm
