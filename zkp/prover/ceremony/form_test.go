package ceremony_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

// domain and private are the show circuit's sizes.
func sizes(t testing.TB) (domain, private int) {
	t.Helper()
	system, err := prover.Compile(zkp.CircuitShow)
	if err != nil {
		t.Fatal(err)
	}
	internal, secret, _ := system.R1CS().GetNbVariables()
	for domain = 1; domain < system.Constraints(); domain *= 2 {
	}
	return domain, internal + secret
}

// Contributions are looked at byte by byte before gnark reads them: its readers
// would make room for whatever a length says.
func TestContributionForms(t *testing.T) {
	dir := stage(t, one)
	domain, private := sizes(t)
	for phase, c := range map[string]struct {
		good  []byte
		parse func([]byte) error
		// lengths are where a length stands, and its size.
		lengths map[int]int
		// points are where some points begin.
		points []int
	}{
		"phase 1": {
			read(t, path(dir, "phase1", 1, ".bin")),
			func(b []byte) error { _, err := ceremony.ParsePhase1(b, domain); return err },
			map[int]int{288: 8}, []int{0, 32, 96, 192, 296, 360, 360 + 32*(2*domain-2)},
		},
		"phase 2": {
			read(t, path(dir, phase2Show, 1, ".bin")),
			func(b []byte) error { return ceremony.ParsePhase2(b, domain, private) },
			map[int]int{0: 2, 34: 4, 38 + 32*private: 4}, []int{2, 38, 38 + 32*private - 32, 42 + 32*private, 42 + 32*private + 32*(domain-1)},
		},
	} {
		if err := c.parse(c.good); err != nil {
			t.Fatalf("%s: %v", phase, err)
		}
		bad := map[string][]byte{
			"empty": nil, "truncated": c.good[:len(c.good)-1], "extended": append(bytes.Clone(c.good), 0),
			"challenge of another length": flipped(c.good, len(c.good)-33),
		}
		for at, size := range c.lengths {
			huge := bytes.Clone(c.good)
			for i := range size {
				huge[at+i] = 0x7f
			}
			bad["a huge length at "+hex.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(at)))] = huge
			bad["another length at "+hex.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(at)))] = flipped(c.good, at+size-1)
		}
		for _, at := range c.points {
			plain, other := bytes.Clone(c.good), bytes.Clone(c.good)
			plain[at] &= 0x3f
			for i := range 32 {
				other[at+i] = 0xff
			}
			junk := bytes.Clone(c.good)
			junk[at] = 0x40 // infinity, and yet something behind it
			bad["infinity with something behind at "+hex.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(at)))] = junk
			bad["uncompressed at "+hex.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(at)))] = plain
			bad["no field element at "+hex.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(at)))] = other
		}
		for name, b := range bad {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := c.parse(b)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ceremony.ErrForm) {
				t.Errorf("%s, %s: %v", phase, name, err)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
				t.Errorf("%s, %s: %d bytes were made room for", phase, name, grown)
			}
		}
	}
}

// A point given with both coordinates takes two places, and so moves all that
// follows: a length that gnark reads then stands where ours would not look.
func TestShiftedLength(t *testing.T) {
	domain, private := sizes(t)
	b := bytes.Clone(read(t, path(stage(t, one), phase2Show, 1, ".bin")))
	_, _, generator, _ := bn254.Generators()
	whole := generator.RawBytes()
	copy(b[38:], whole[:])
	length := 38 + 32*private // must stay, and now begins a point
	shifted := pointBeginning(t, b[length:length+4]).RawBytes()
	copy(b[length:], shifted[:])
	binary.BigEndian.PutUint32(b[length+64:], 1<<22)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := ceremony.ParsePhase2(b, domain, private)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ceremony.ErrForm) {
		t.Errorf("%v", err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d bytes were made room for", grown)
	}
}

// pointBeginning finds a point whose first coordinate begins with some bytes.
func pointBeginning(t *testing.T, first []byte) *bn254.G1Affine {
	t.Helper()
	var x [32]byte
	copy(x[:], first)
	three := new(fp.Element).SetUint64(3)
	for i := range 1000 {
		x[31] = byte(i)
		x[30] = byte(i >> 8)
		p := new(bn254.G1Affine)
		if err := p.X.SetBytesCanonical(x[:]); err != nil {
			t.Fatal(err)
		}
		p.Y.Square(&p.X).Mul(&p.Y, &p.X).Add(&p.Y, three)
		if p.Y.Sqrt(&p.Y) != nil && p.IsOnCurve() {
			return p
		}
	}
	t.Fatal("no such point")
	return nil
}

// Too large a file is refused by its size, and not read.
func TestOversizedFiles(t *testing.T) {
	for name, size := range map[string]int64{
		"ceremony.json": 64<<10 + 1, "transcript.json": 64<<10 + 1, "phase1/beacon.json": 64<<10 + 1,
		"keys/" + show + ".pk": 64<<20 + 1,
		"phase1/" + ceremony.FileBase(1, agencies()[0].did) + ".json": 64<<10 + 1,
		"phase1/" + ceremony.FileBase(1, agencies()[0].did) + ".bin":  1 << 40,
	} {
		dir := stage(t, sealed)
		if err := os.Truncate(filepath.Join(dir, filepath.FromSlash(name)), size); err != nil {
			t.Fatal(err)
		}
		_, err := ceremony.Verify(t.Context(), dir, at(round1000))
		var refused *ceremony.Refused
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Truncated and extended files of every kind are refused.
func TestDamagedFiles(t *testing.T) {
	for _, name := range []string{
		"ceremony.json", "transcript.json", "phase1/beacon.json", "phase2/beacon.json", "keys/manifest.json", "keys/" + show + ".vk",
		"phase1/" + ceremony.FileBase(1, agencies()[0].did) + ".json", "phase1/" + ceremony.FileBase(1, agencies()[0].did) + ".bin",
		phase2Show + "/" + ceremony.FileBase(3, agencies()[2].did) + ".json", phase2Show + "/" + ceremony.FileBase(3, agencies()[2].did) + ".bin",
	} {
		dir := stage(t, sealed)
		file := filepath.Join(dir, filepath.FromSlash(name))
		good := read(t, file)
		for what, b := range map[string][]byte{
			"truncated": good[:len(good)-1], "extended": append(bytes.Clone(good), '\n'), "empty": {},
			"a bit": flipped(good, len(good)/2),
		} {
			write(t, file, b)
			_, err := ceremony.Verify(t.Context(), dir, at(round1000))
			var refused *ceremony.Refused
			if !errors.As(err, &refused) {
				// Another circuit's name, or hash, is not this version's to judge.
				if name != "ceremony.json" || !errors.Is(err, ceremony.ErrVersion) {
					t.Errorf("%s, %s: %v", name, what, err)
				}
			}
		}
	}
}

// Files that are not a ceremony's do not disturb it.
func TestForeignFiles(t *testing.T) {
	dir := stage(t, sealed)
	for _, name := range []string{"README.txt", ".DS_Store", "phase1/Thumbs.db", "phase1/0001.bin", "phase1/abcd-12345678.json", "keys/notes.txt", phase2Show + "/.new-77"} {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), []byte("x"))
	}
	verify(t, dir, at(round1000))
}

func fuzzDoor(f *testing.F, parse func([]byte) (again []byte, err error), seeds ...[]byte) {
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		if _, err := parse(s); err != nil {
			f.Fatalf("a seed is refused: %v", err)
		}
		f.Add(s)
		if _, err := parse(bytes.Replace(s, []byte(`"version": 1`), []byte(`"version": 2`), 1)); err == nil {
			f.Fatal("another version is read")
		}
		// Another spelling of the same is refused.
		for _, other := range [][]byte{append(bytes.Clone(s), '\n'), bytes.TrimSpace(s), bytes.Replace(s, []byte(`"version"`), []byte(`"Version"`), 1), bytes.Replace(s, []byte(": "), []byte(":"), 1)} {
			if _, err := parse(other); !errors.Is(err, ceremony.ErrForm) {
				f.Fatalf("another spelling: %v", err)
			}
			f.Add(other)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := parse(b)
		if err == nil && !bytes.Equal(again, b) {
			t.Errorf("%q is read as %q", b, again)
		}
		if err != nil && !errors.Is(err, ceremony.ErrForm) && !errors.Is(err, ceremony.ErrPlan) {
			t.Errorf("another error: %v", err)
		}
	})
}

func FuzzPlan(f *testing.F) {
	fuzzDoor(f, func(b []byte) ([]byte, error) {
		p, err := ceremony.ParsePlan(b)
		if err != nil {
			return nil, err
		}
		return p.Bytes(), nil
	}, read(f, filepath.Join(stage(f, planned), "ceremony.json")))
}

func FuzzRecord(f *testing.F) {
	dir := stage(f, one)
	fuzzDoor(f, func(b []byte) ([]byte, error) {
		r, err := ceremony.ParseRecord(b)
		if err != nil {
			return nil, err
		}
		return r.Bytes(), nil
	}, read(f, path(dir, "phase1", 1, ".json")), read(f, path(dir, phase2Show, 1, ".json")))
}

func FuzzBeacon(f *testing.F) {
	fuzzDoor(f, func(b []byte) ([]byte, error) {
		value, err := ceremony.ParseBeacon(b)
		if err != nil {
			return nil, err
		}
		return ceremony.EncodeBeacon(value), nil
	}, read(f, filepath.Join(stage(f, sealed1), "phase1", "beacon.json")))
}

func FuzzTranscript(f *testing.F) {
	fuzzDoor(f, func(b []byte) ([]byte, error) {
		x, err := ceremony.ParseTranscript(b)
		if err != nil {
			return nil, err
		}
		return ceremony.Encode(x), nil
	}, read(f, filepath.Join(stage(f, sealed), "transcript.json")))
}

// FuzzContribution gives gnark's reader what passes our look at it.
func FuzzContribution(f *testing.F) {
	domain, private := sizes(f)
	dir := stage(f, one)
	good := read(f, path(dir, phase2Show, 1, ".bin"))
	for _, at := range []int{0, 2, 34, 50, len(good) - 33, len(good) - 1} {
		f.Add(flipped(good, at))
	}
	f.Add(good)
	f.Add(read(f, path(dir, "phase1", 1, ".bin")))
	want := sha256.Sum256(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		err := ceremony.ParsePhase2(b, domain, private)
		if err != nil && !errors.Is(err, ceremony.ErrForm) {
			t.Errorf("%v", err)
		}
		if err != nil && sha256.Sum256(b) == want {
			t.Errorf("the good one is refused: %v", err)
		}
	})
}
