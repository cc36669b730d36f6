package prover

// What the external tests need of the circuits.
type (
	PrepareCircuit = prepareCircuit
	ShowCircuit    = showCircuit
	ShowSetCircuit = showSetCircuit
	SetPlace       = setPlace
	AskedPredicate = askedPredicate
	Answer         = answer
	Point          = point
)

var (
	AssignPrepare = assignPrepare
	AssignShow    = assignShow
	AssignShowSet = assignShowSet
	AssertOnCurve = assertOnCurve
	AssertSigned  = assertSignature
	Add           = add
	Mul           = mul
)
