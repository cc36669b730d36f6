package zkp

import "math/big"

// What the external tests need of the inside.
var (
	PrepareInputs = prepareInputs
	GapBounds     = gapBounds
)

func (k *VerifyingKey) VerifyInputs(p *Proof, inputs []Element) error { return k.verify(p, inputs) }

func (s *Statement) ShowInputs(com, context, scope, pseudonym Element) []Element {
	return s.showInputs(com, context, scope, pseudonym)
}

// Context is the context of a request with one question.
func (r *Request) Context(e Epoch, com Element, prepare *Proof) Element {
	return r.context(e, []preparation{{com, prepare}})
}

// ContextOf is the context of a whole answer.
func (r *Request) ContextOf(e Epoch, answer ...*Presentation) Element {
	var prepared []preparation
	for _, p := range answer {
		prepared = append(prepared, preparation{p.Commitment, &p.Prepare})
	}
	return r.context(e, prepared)
}

func (s Scope) Derive(context Element) (Element, error) { return s.element(context) }

// WithScalar replaces S by a number that a decoder would not let through.
func (s Signature) WithScalar(v *big.Int) *Signature {
	s.s.Set(v)
	return &s
}

// WithPoint replaces R.
func (s Signature) WithPoint(x, y Element) *Signature {
	s.r.X, s.r.Y = x, y
	return &s
}

// RootOf returns the root of a tree.
func RootOf(arity, depth int, leaves []Element) (Element, error) {
	t, err := newTree(arity, depth, leaves)
	if err != nil {
		return Element{}, err
	}
	return t.root(), nil
}
