package sqlitevault

import "testing"

// The digest's arithmetic is that of whole numbers modulo 2^256.
func TestSum(t *testing.T) {
	one := sum{1}
	most := sum{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	if got := most.add(one); got != (sum{}) {
		t.Errorf("the largest plus one is %v", got)
	}
	if got := (sum{}).sub(one); got != most {
		t.Errorf("zero less one is %v", got)
	}
	if got := sumFromBytes(most.sub(one).bytes()); got.add(one) != most {
		t.Errorf("bytes lose something: %v", got)
	}
}
