// Package testworld is a fake country for external _test packages: agencies,
// citizens, a ledger and a clock that moves only when told to.
//
// Everything in it but the people is real: New makes a ledger with package
// sqlitelog in a temporary folder, with the accumulators of package zkp; its
// root agency accredits a residents' office to issue and a library to ask; each
// signature verifies and each state proof leads to a signed checkpoint.
// Credentials come from an issuer.Desk and go into wallets over memory stores.
// Only the proving keys are made on demand, because opening them takes time:
// Country.UseProver opens the development keys of this machine, once a process.
//
// For example a test that needs an accepted answer writes
//
//	c := testworld.New(t, testworld.Options{})
//	citizen := c.Citizen(c.Adult())
//	counter := c.Counter(c.Policy(nil))
//	result, err := counter.Verify(t.Context(), c.Answer(citizen, counter, testworld.Claims))
//
// and one that needs a refused answer spoils one thing in between.
//
// Only tests import it. It checks nothing: whatever goes wrong in the country
// itself ends the test.
package testworld
