package hufutest

import (
	"fmt"
	"strings"

	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// Header is the first line of a table of residents.
const Header = "name,resident_id,birthdate,district,address"

// Resident is one row of a table of residents.
type Resident struct {
	Name, Number, Birthdate, District, Address string
}

// NewResident makes a resident with a well-formed identity number (GB
// 11643-1999): six digits of a district, eight of the birth date, three of a
// serial number and the check character.
func NewResident(name, birthdate, district string, serial int) Resident {
	body := fmt.Sprintf("%s%s%03d", district, strings.ReplaceAll(birthdate, "-", ""), serial)
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += w * int(body[i]-'0')
	}
	return Resident{name, body + string("10X98765432"[sum%11]), birthdate, district, fmt.Sprintf("测试街%d号", serial)}
}

// Row is the resident as a line of CSV.
func (r Resident) Row() string {
	return strings.Join([]string{r.Name, r.Number, r.Birthdate, r.District, r.Address}, ",")
}

// Adult answers the usual policy.
func (c *Country) Adult() Resident { return NewResident("周安宁", "1984-02-29", "110101", 7) }

// OtherAdult answers it too.
func (c *Country) OtherAdult() Resident { return NewResident("何平", "1971-08-03", "110101", 15) }

// Child does not.
func (c *Country) Child() Resident { return NewResident("林小满", "2015-05-20", "110101", 28) }

// Holder is a citizen's wallet with the stores under it.
type Holder struct {
	*wallet.Wallet
	Store vault.Store
	Keys  vault.KeyStore
	// Code is that of the last offer taken up, for the desk to revoke by.
	Code string
}

// Wallet makes an empty wallet, with a prover if the country uses one.
func (c *Country) Wallet() *Holder {
	c.t.Helper()
	store := vault.NewMemoryStore()
	h := &Holder{Store: store, Keys: vault.NewSoftwareKeys(store)}
	var err error
	h.Wallet, err = wallet.New(c.WalletConfig(h))
	c.must(err)
	return h
}

// WalletConfig is that of a holder's wallet, with a prover if the country uses one.
func (c *Country) WalletConfig(h *Holder) wallet.Config {
	c.t.Helper()
	return wallet.Config{
		Store: h.Store, Keys: h.Keys, Ledger: c.Client(c.Log), Sets: c.Log, Public: c.Public,
		Clock: c.Now, Wait: c.Wait, Prover: c.prover,
	}
}

// Issue imports one resident at a desk.
func (c *Country) Issue(desk *issuer.Desk, r Resident) issuer.Offer {
	c.t.Helper()
	offers, refused, err := desk.Import(c.t.Context(), strings.NewReader(Header+"\n"+r.Row()+"\n"), issuer.ImportOptions{})
	c.must(err)
	if len(offers) != 1 {
		c.t.Fatalf("hufutest: row refused: %v", refused)
	}
	return offers[0]
}

// Respond lets a wallet apply at a desk and returns the desk's answer, not yet
// received.
func (c *Country) Respond(h *Holder, desk *issuer.Desk, r Resident) []byte {
	c.t.Helper()
	offer := c.Issue(desk, r)
	response, err := desk.Answer(c.t.Context(), c.Apply(h, offer))
	c.must(err)
	h.Code = offer.Code
	return response
}

// Hold gives a wallet a credential from the office.
func (c *Country) Hold(h *Holder, r Resident) *wallet.Stored {
	c.t.Helper()
	stored, err := h.Receive(c.t.Context(), c.Respond(h, c.Desk, r))
	c.must(err)
	return stored
}

// Citizen is a new wallet that holds a resident's credential.
func (c *Country) Citizen(r Resident) *Holder {
	c.t.Helper()
	h := c.Wallet()
	c.Hold(h, r)
	return h
}
