package zkp_test

import (
	"errors"
	"testing"

	"github.com/hufu-id/hufu/zkp"
)

// Two credentials of one person in one answer: three shows, two of them about a
// set, under one name.
func TestVerifyJoined(t *testing.T) {
	r := readRecorded(t)
	joined := r.joined(t)
	shown, err := zkp.Verify(r.keys(t), r.Epoch, r.JoinedRequest, joined...)
	if err != nil {
		t.Fatal(err)
	}
	if shown.Pseudonym != joined[1].Pseudonym || len(joined[0].Shows) != 2 || len(joined[1].Shows) != 1 {
		t.Errorf("%+v", shown)
	}
}

// Everything that joins the parts of an answer, changed one by one.
func TestVerifyJoinedRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(q *zkp.Request, a *[]*zkp.Presentation)
		err    error
	}{
		"one missing":     {func(_ *zkp.Request, a *[]*zkp.Presentation) { *a = (*a)[:1] }, zkp.ErrForm},
		"none":            {func(_ *zkp.Request, a *[]*zkp.Presentation) { *a = nil }, zkp.ErrForm},
		"one too many":    {func(_ *zkp.Request, a *[]*zkp.Presentation) { *a = append(*a, (*a)[0]) }, zkp.ErrForm},
		"an empty one":    {func(_ *zkp.Request, a *[]*zkp.Presentation) { (*a)[1] = nil }, zkp.ErrForm},
		"parts swapped":   {func(_ *zkp.Request, a *[]*zkp.Presentation) { (*a)[0], (*a)[1] = (*a)[1], (*a)[0] }, zkp.ErrForm},
		"one part twice":  {func(_ *zkp.Request, a *[]*zkp.Presentation) { (*a)[1] = (*a)[0] }, zkp.ErrForm},
		"a show missing":  {func(_ *zkp.Request, a *[]*zkp.Presentation) { (*a)[0].Shows = (*a)[0].Shows[:1] }, zkp.ErrForm},
		"a show too many": {func(_ *zkp.Request, a *[]*zkp.Presentation) { (*a)[1].Shows = (*a)[0].Shows }, zkp.ErrForm},
		"shows swapped":   {func(_ *zkp.Request, a *[]*zkp.Presentation) { s := (*a)[0].Shows; s[0], s[1] = s[1], s[0] }, zkp.ErrShow},
		"one show twice":  {func(_ *zkp.Request, a *[]*zkp.Presentation) { s := (*a)[0].Shows; s[0] = s[1] }, zkp.ErrShow},
		"another epoch":   {func(_ *zkp.Request, a *[]*zkp.Presentation) { (*a)[1].Epoch++ }, zkp.ErrEpoch},
		"another person":  {func(_ *zkp.Request, a *[]*zkp.Presentation) { (*a)[1].Pseudonym = number(1) }, zkp.ErrHolder},
		"prepares swapped": {func(_ *zkp.Request, a *[]*zkp.Presentation) {
			(*a)[0].Prepare, (*a)[1].Prepare = (*a)[1].Prepare, (*a)[0].Prepare
		}, zkp.ErrPrepare},
		"everybody's name": {func(_ *zkp.Request, a *[]*zkp.Presentation) {
			(*a)[0].Pseudonym, (*a)[1].Pseudonym = number(1), number(1)
		}, zkp.ErrShow},
		"questions swapped": {func(q *zkp.Request, _ *[]*zkp.Presentation) {
			q.Questions[0], q.Questions[1] = q.Questions[1], q.Questions[0]
		}, zkp.ErrForm},
		"schemas swapped": {func(q *zkp.Request, _ *[]*zkp.Presentation) {
			q.Questions[0].Schema, q.Questions[1].Schema = q.Questions[1].Schema, q.Questions[0].Schema
		}, zkp.ErrPrepare},
		"one question alone": {func(q *zkp.Request, a *[]*zkp.Presentation) {
			q.Questions, *a = q.Questions[:1], (*a)[:1]
		}, zkp.ErrShow},
		"no question": {func(q *zkp.Request, a *[]*zkp.Presentation) { q.Questions, *a = nil, nil }, zkp.ErrStatement},
		"too many questions": {func(q *zkp.Request, _ *[]*zkp.Presentation) {
			q.Questions = append(q.Questions, q.Questions[0], q.Questions[0], q.Questions[0])
		}, zkp.ErrStatement},
		"no statement": {func(q *zkp.Request, _ *[]*zkp.Presentation) { q.Questions[0].Statements = nil }, zkp.ErrStatement},
		"too many statements": {func(q *zkp.Request, _ *[]*zkp.Presentation) {
			s := q.Questions[0].Statements
			q.Questions[0].Statements = append(s, s[0], s[0], s[0])
		}, zkp.ErrStatement},
		"a smaller set": {func(q *zkp.Request, _ *[]*zkp.Presentation) {
			set := &q.Questions[0].Statements[0].Predicates[1].Set
			*set = newSet(t, (*set).Members()[:2]...)
		}, zkp.ErrShow},
		"in for not in": {func(q *zkp.Request, _ *[]*zkp.Presentation) {
			q.Questions[0].Statements[1].Predicates[0].Op = zkp.OpIn
		}, zkp.ErrShow},
		"not in for in": {func(q *zkp.Request, _ *[]*zkp.Presentation) {
			q.Questions[0].Statements[0].Predicates[1].Op = zkp.OpNotIn
		}, zkp.ErrShow},
	} {
		t.Run(name, func(t *testing.T) {
			r := readRecorded(t)
			answer := r.joined(t)
			tc.change(r.JoinedRequest, &answer)
			shown, err := zkp.Verify(r.keys(t), r.Epoch, r.JoinedRequest, answer...)
			if !errors.Is(err, tc.err) || shown != nil {
				t.Errorf("%v, want %v", err, tc.err)
			}
		})
	}
}

func newSet(t testing.TB, values ...zkp.Element) *zkp.Set {
	t.Helper()
	s, err := zkp.NewSet(values...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What a wallet is asked to answer is refused before any proving.
func TestNewAnswerRefuses(t *testing.T) {
	r := readRecorded(t)
	mine, other := newCredential(t), newCredential(t)
	all, err := zkp.All(zkp.Equal(0, text(t, "张三")))
	if err != nil {
		t.Fatal(err)
	}
	never, err := zkp.All(zkp.Equal(0, text(t, "李四")))
	if err != nil {
		t.Fatal(err)
	}
	points := r.parse(t).Prepare
	holding := func(c *zkp.Credential) zkp.Holding {
		return zkp.Holding{Credential: c, Prepared: &zkp.Prepared{Epoch: r.Epoch.Number, Proof: points}}
	}
	question := func(s ...zkp.Statement) zkp.Question { return zkp.Question{Schema: mine.Schema, Statements: s} }
	for name, tc := range map[string]struct {
		questions []zkp.Question
		holdings  []zkp.Holding
		err       error
	}{
		"two of one person": {[]zkp.Question{question(all), question(all, all)}, []zkp.Holding{holding(mine), holding(mine)}, nil},
		"two persons":       {[]zkp.Question{question(all), question(all)}, []zkp.Holding{holding(mine), holding(withSecret(other, "other"))}, zkp.ErrHolder},
		"too few":           {[]zkp.Question{question(all), question(all)}, []zkp.Holding{holding(mine)}, zkp.ErrForm},
		"none":              {nil, nil, zkp.ErrStatement},
		"one false show":    {[]zkp.Question{question(all, never)}, []zkp.Holding{holding(mine)}, zkp.ErrUnsatisfied},
		"another schema":    {[]zkp.Question{{Schema: number(1), Statements: []zkp.Statement{all}}}, []zkp.Holding{holding(mine)}, zkp.ErrStatement},
	} {
		_, err := zkp.NewAnswer(&zkp.Request{Questions: tc.questions}, r.Epoch, tc.holdings...)
		if !errors.Is(err, tc.err) {
			t.Errorf("%s: %v, want %v", name, err, tc.err)
		}
	}
}

func withSecret(c *zkp.Credential, name string) *zkp.Credential {
	c.Secret = newSecret(name)
	return c
}

// A fresh name depends on every prepare proof in the answer: a counter that
// asks with one nonce for ever recognises nobody.
func TestFreshScopeIsNew(t *testing.T) {
	r := readRecorded(t)
	answer := r.joined(t)
	before := r.together(t)
	for i := range answer {
		changed := r.joined(t)
		rerandomise(&changed[i].Prepare)
		context := r.JoinedRequest.ContextOf(r.Epoch, changed...)
		scope, err := r.JoinedRequest.Scope.Derive(context)
		if err != nil {
			t.Fatal(err)
		}
		if context == before.context || scope == before.scope {
			t.Errorf("part %d does not count", i)
		}
	}
}
