// Package hufutest makes a country for tests: a ledger, agencies, citizens and a
// clock that the test moves.
//
// Everything but the people is real. New makes a ledger of package sqlitelog in a
// temporary folder. Its root agency accredits a residents' office to issue and a
// library to ask. Each signature verifies, and each proof leads to a signed
// checkpoint. Credentials come from an issuer.Desk and go into wallets over memory
// stores. [Country.UseProver] opens development keys, once a process. The first time
// it makes them, which takes some seconds, and keeps them in the user's cache folder.
//
// For example a test that needs an accepted answer writes
//
//	c := hufutest.New(t, hufutest.Options{})
//	citizen := c.Citizen(c.Adult())
//	counter := c.Counter(c.Policy(nil))
//	result, err := counter.Verify(t.Context(), c.Answer(citizen, counter, hufutest.Claims))
//
// and a test that needs a refused answer spoils one thing in between. An adopter's
// own counter takes the place of the library's with [Country.CounterConfig], an
// own wallet with [Country.WalletConfig], an own desk with [Country.DeskConfig].
//
// The package checks nothing. An error in the country itself ends the test. Do not
// use it outside tests: its keys are kept in memory, and its agencies sign what
// they are asked to sign.
package hufutest
