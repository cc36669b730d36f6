package predicate_test

import (
	"fmt"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/zkp"
)

// "Aged 18 or over" on 21 November 2026 is a range of birth dates.
func ExampleNew() {
	schema, err := credential.ParseSchema(personFile)
	if err != nil {
		fmt.Println(err)
		return
	}
	query := &openid.CredentialQuery{Predicates: []openid.Predicate{
		{Path: credential.Path{"birthdate"}, Op: openid.OpAtLeastYears, Years: 18},
	}}
	day, err := zkp.ParseDay("2026-11-21")
	if err != nil {
		fmt.Println(err)
		return
	}
	question, err := predicate.Compile(schema, query)
	if err != nil {
		fmt.Println(err)
		return
	}
	shows, err := question.On(day, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	p := shows[0].Predicates[0]
	fmt.Println("slot", p.Slot, "from", zkp.Day(p.Low-1), "to", zkp.Day(p.High-1))
	for _, born := range []string{"2008-11-21", "2008-11-22"} {
		holds, err := predicate.Holds(schema, query, map[string]any{"birthdate": born}, day)
		fmt.Println("born", born, holds, err)
	}
	// Output:
	// slot 3 from 1900-01-01 to 2008-11-21
	// born 2008-11-21 true <nil>
	// born 2008-11-22 false <nil>
}
