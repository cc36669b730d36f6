package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"

	"github.com/hufu-id/hufu/zkp"
)

// field holds everybody who is compared, loaded and ready.
type field struct {
	node      *node
	inputs    semaphoreInputs
	semaphore *semaphore
	age       *hufu // proves an age
	value     *hufu // discloses one value
	idemix    *idemix
}

func openField(ctx context.Context) (*field, error) {
	n, err := startNode(ctx, ".")
	if err != nil {
		return nil, err
	}
	f := &field{node: n}
	if err := f.open(ctx); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return f, nil
}

func (f *field) open(ctx context.Context) (err error) {
	if _, err = f.node.do("semaphore inputs", 1, &f.inputs); err != nil {
		return err
	}
	if f.semaphore, err = newSemaphore(&f.inputs); err != nil {
		return err
	}
	if f.age, f.value, err = openHufu(ctx); err != nil {
		return err
	}
	f.idemix, err = newIdemix()
	return err
}

// openHufu gives one holder who is asked for an age and one who is asked for a
// value, with the same keys.
func openHufu(ctx context.Context) (age, value *hufu, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	p, keys, err := openKeys(ctx, cache)
	if err != nil {
		return nil, nil, err
	}
	if age, err = newHufu(p, keys, ofAge); err != nil {
		return nil, nil, err
	}
	value, err = newHufu(p, keys, fromDistrict)
	return age, value, err
}

// contests are in the order of the table. In each round a proof is made before
// it is verified.
func (f *field) contests() []*contest {
	return append(append(f.semaphoreContests(), f.idemixContests()...), f.bbsContests()...)
}

func (f *field) semaphoreContests() []*contest {
	const what = "Semaphore v4 relation, depth 20: "
	prove := once(nil, f.semaphore.prove)
	return []*contest{
		{what: what + "prove", ourWay: "gnark", peerWay: "snarkjs, all in memory",
			ours: prove, peer: f.node.prove("semaphore prove")},
		{what: what + "prove", ourWay: "gnark", peerWay: "Semaphore's generateProof",
			ours: prove, peer: f.node.prove("semaphore package")},
		{what: what + "verify", ourWay: "gnark", peerWay: "snarkjs",
			ours: repeated(verifications, nil, f.semaphore.verify), peer: f.node.verify("semaphore verify")},
	}
}

func (f *field) idemixContests() []*contest {
	const what = "age and not revoked: "
	x := f.idemix
	return []*contest{
		{what: what + "background", ourWay: "prepare", peerWay: "Idemix, revocation commitment",
			ours: once(nil, f.age.prepare), peer: once(x.prove, x.prepare)},
		{what: what + "answer, prepared", ourWay: "show", peerWay: "Idemix with that commitment",
			ours: once(nil, f.age.show), peer: once(x.prepare, x.prove)},
		{what: what + "answer, nothing prepared", ourWay: "prepare and show", peerWay: "Idemix",
			ours: once(nil, f.age.prepareAndShow), peer: once(x.prove, x.prove)},
		{what: what + "verify", ourWay: "zkp.Verify", peerWay: "Idemix",
			ours: repeated(verifications, nil, f.age.verify), peer: repeated(verifications, nil, x.verify)},
	}
}

func (f *field) bbsContests() (out []*contest) {
	const what = "disclose one of 16 values: "
	for _, bbs := range []struct{ way, name string }{{"BBS in WASM", "bbs-wasm"}, {"BBS in JavaScript", "bbs-js"}} {
		out = append(out,
			&contest{what: what + "answer, prepared", ourWay: "show", peerWay: bbs.way,
				ours: once(f.value.prepare, f.value.show), peer: f.node.prove(bbs.name + " prove")},
			&contest{what: what + "answer, nothing prepared", ourWay: "prepare and show", peerWay: bbs.way,
				ours: once(nil, f.value.prepareAndShow), peer: f.node.prove(bbs.name + " prove")},
			&contest{what: what + "verify", ourWay: "zkp.Verify", peerWay: bbs.way,
				ours: repeated(verifications, nil, f.value.verify), peer: f.node.verify(bbs.name + " verify")})
	}
	return out
}

// sizes are of the last proofs made.
func (f *field) sizes() ([]size, error) {
	var semaphore, wasm, js int
	for name, n := range map[string]*int{"semaphore bytes": &semaphore, "bbs-wasm bytes": &wasm, "bbs-js bytes": &js} {
		if _, err := f.node.do(name, 1, n); err != nil {
			return nil, err
		}
	}
	integers, err := integerBytes(f.idemix.proof)
	if err != nil {
		return nil, err
	}
	return []size{
		{"Semaphore relation: the proof, against the package's points", zkp.ProofSize, semaphore},
		{"age and not revoked: whole presentation, against Idemix's JSON", len(f.age.presentation), len(f.idemix.proof)},
		{"age and not revoked: the same, against Idemix's integers alone", len(f.age.presentation), integers},
		{"disclose one value: whole presentation, against BBS in WASM", len(f.value.presentation), wasm},
		{"disclose one value: whole presentation, against BBS in JavaScript", len(f.value.presentation), js},
	}, nil
}

// integerBytes counts what an Idemix proof would take in the tightest binary
// form: its integers without names, lengths and base64.
func integerBytes(proof []byte) (int, error) {
	var v any
	if err := json.Unmarshal(proof, &v); err != nil {
		return 0, err
	}
	return countBytes(v), nil
}

func countBytes(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			n += countBytes(x)
		}
	case []any:
		for _, x := range v {
			n += countBytes(x)
		}
	case string:
		if b, err := base64.StdEncoding.DecodeString(v); err == nil {
			n = len(b)
		}
	}
	return n
}
