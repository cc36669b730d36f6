package prover_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/zkp"
)

// header is version, suite and epoch: everyone who shows in an epoch has it.
const header = 10

// The answers of one person in as many scopes have no run of 16 bytes in common:
// 9 answers and so 36 pairs, or 46 answers and 1,035 pairs.
func TestUnlinkable(t *testing.T) {
	const run = 16
	f := newFixture(t)
	answers := long.Or(9, 46)
	seen := map[string]int{}
	for i := range answers {
		req := f.request(t)
		if i > 0 { // the first asks for no name at all
			req.Scope = zkp.Scope{Kind: zkp.ScopePairwise, Owner: fmt.Sprintf("did:hufu:counter%d", i)}
		}
		b := present(t, f, req).Bytes()[header:]
		for at := range len(b) - run + 1 {
			window := string(b[at : at+run])
			if before, ok := seen[window]; ok && before != i {
				t.Fatalf("answers %d and %d share %x", before, i, window)
			}
			seen[window] = i
		}
	}
	t.Logf("%d pairs", answers*(answers-1)/2)
}

// Of two people who answer one question in turn, a classifier that has seen half
// of the answers tells the other half apart no better than by tossing a coin. It
// looks at the length, at every byte, and at the time that the
// proof took, and takes whatever told them apart best so far.
func TestNobodyTellsWhoAnswers(t *testing.T) {
	mine, theirs := newFixture(t), newFixture(t)
	attrs := theirs.credential.Attributes
	attrs[slotName] = text(t, "王秀英")
	theirs.credential = issue(t, theirs.issuer, newSecret("somebody else"), schema, "110101", attrs)
	each := long.Or(24, 100) // answers a person
	var seen [2][][]float64
	random := rand.New(rand.NewPCG(3, 4))
	for range each {
		for _, who := range random.Perm(2) {
			seen[who] = append(seen[who], features(t, []*fixture{mine, theirs}[who]))
		}
	}
	if better, right := betterThanACoin(seen); better {
		t.Errorf("%d are told right", right)
	}
	// The judgement is one: with a byte that tells, it is passed.
	for who := range seen {
		for i := range seen[who] {
			seen[who][i][20] = float64(who)
		}
	}
	if better, right := betterThanACoin(seen); !better {
		t.Errorf("with a byte that tells, %d are told right, which a coin may do", right)
	}
}

// betterThanACoin learns from half of the answers and judges the other half. More
// than four standard deviations above the middle is no coin.
func betterThanACoin(seen [2][][]float64) (better bool, right int) {
	half := len(seen[0]) / 2
	guess := learn(seen[0][:half], seen[1][:half])
	tosses := 0
	for who := range seen {
		for _, x := range seen[who][half:] {
			tosses++
			if guess(x) == who {
				right++
			}
		}
	}
	return float64(right) > float64(tosses)/2+2*math.Sqrt(float64(tosses)), right
}

// features of a fresh answer: time, length, and every byte.
func features(t *testing.T, f *fixture) []float64 {
	t.Helper()
	p, _ := testKeys(t)
	prepared, err := p.Prepare(t.Context(), f.prepareWitness(t))
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	a, err := zkp.NewAnswer(f.request(t), f.epoch, zkp.Holding{Credential: f.credential, Prepared: prepared})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := p.Show(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(started)
	b := shown[0].Bytes()
	out := []float64{took.Seconds(), float64(len(b))}
	for _, x := range b {
		out = append(out, float64(x))
	}
	return out
}

// learn finds the feature, and the threshold halfway between two means, that
// tell two samples apart best.
func learn(a, b [][]float64) func([]float64) int {
	best, at, threshold, aIsBelow := 0, 0, 0.0, true
	for i := range a[0] {
		middle := (mean(a, i) + mean(b, i)) / 2
		below := 0
		for _, x := range a {
			if x[i] < middle {
				below++
			}
		}
		for _, x := range b {
			if x[i] >= middle {
				below++
			}
		}
		if right := max(below, len(a)+len(b)-below); right > best {
			best, at, threshold, aIsBelow = right, i, middle, right == below
		}
	}
	return func(x []float64) int {
		if (x[at] < threshold) == aIsBelow {
			return 0
		}
		return 1
	}
}

func mean(rows [][]float64, i int) (sum float64) {
	for _, r := range rows {
		sum += r[i] / float64(len(rows))
	}
	return sum
}

// In one scope the name is the same, whatever is asked, and with it nothing else.
func TestSameScopeSamePseudonym(t *testing.T) {
	f := newFixture(t)
	first := recordedRequest(t, f)
	second := recordedRequest(t, f)
	second.Nonce = "another"
	a, b := present(t, f, first), present(t, f, second)
	if a.Pseudonym != b.Pseudonym {
		t.Error("two names in one scope")
	}
	if a.Commitment == b.Commitment || a.Prepare == b.Prepare || a.Shows[0] == b.Shows[0] {
		t.Error("more than the name is the same")
	}
	if second.Scope = (zkp.Scope{}); present(t, f, second).Pseudonym == a.Pseudonym {
		t.Error("one name in two scopes")
	}
	other := newFixture(t)
	other.credential = issue(t, f.issuer, newSecret("somebody else"), schema, "110101", f.credential.Attributes)
	if present(t, other, first).Pseudonym == a.Pseudonym {
		t.Error("two people have one name")
	}
}

// An endorsement has leaked, all of its owner's attributes but one are known, and
// so is everything that was shown. Still no guess can be told from another: what
// was signed holds the owner's secret. With -long there are a million guesses.
func TestNoDictionary(t *testing.T) {
	f := newFixture(t)
	req := recordedRequest(t, f)
	shown := present(t, f, req)
	endorsement, err := zkp.ParseEndorsement(f.credential.Endorsement.String())
	if err != nil {
		t.Fatal(err)
	}
	scope, err := req.Scope.Element()
	if err != nil {
		t.Fatal(err)
	}
	d := dictionary{
		endorsement: endorsement, commitment: shown.Commitment,
		public: []zkp.Element{shown.Commitment, shown.Pseudonym, scope, f.epoch.Registry, f.epoch.Revocation, schema, {}},
	}
	holder, err := f.credential.Secret.HolderCommitment(f.credential.Endorsement.Issuance)
	if err != nil {
		t.Fatal(err)
	}
	try := func(name string, slot int, guesses int, guess func(i int) zkp.Element) {
		attrs, met := f.credential.Attributes, false
		truth := attrs[slot]
		for i := range guesses {
			attrs[slot] = guess(i)
			if told := d.tells(&attrs, i, attrs[slot] == truth); told != "" {
				t.Fatalf("%s: the %s tells", name, told)
			}
			// With the holder commitment, which the endorsement does not carry, the
			// right guess is confirmed: the attempt is a real one.
			met = met || attrs[slot] == truth && endorsement.Verify(schema, holder, &attrs) == nil
		}
		if !met {
			t.Errorf("%s: the dictionary does not hold the truth", name)
		}
		t.Logf("%s: %d guesses", name, guesses)
	}
	first := day(t, "1985-01-01")
	try("birth date", slotBirth, long.Or(10_000, 1_000_000), func(i int) zkp.Element { return zkp.EncodeDate(first + zkp.Day(i)) })
	try("name", slotName, long.Or(1_000, 100_000), func(i int) zkp.Element {
		if i == 700 {
			return text(t, "张三")
		}
		return text(t, fmt.Sprintf("居民%d", i))
	})
}

// dictionary is what a guess of the attributes is held against.
type dictionary struct {
	endorsement *zkp.Endorsement
	commitment  zkp.Element
	public      []zkp.Element
}

// tells names what confirms a guess; "" for nothing. A wrong guess is held
// against one public value (or pair of them), each in its turn, and the right
// one against all.
func (d *dictionary) tells(attrs *zkp.Attributes, guess int, right bool) string {
	hash := attrs.Hash()
	for i, secret := range d.public {
		for j, r := range d.public {
			turn := i*len(d.public)+j == guess%(len(d.public)*len(d.public))
			if (right || turn) && zkp.Compress(4, zkp.Domains()["commitment"], hash, secret, r) == d.commitment {
				return "commitment"
			}
		}
	}
	for i, holder := range d.public {
		if (right || i == guess%len(d.public)) && d.endorsement.Verify(schema, holder, attrs) == nil {
			return "signature"
		}
	}
	return ""
}
