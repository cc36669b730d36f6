package certpath_test

import (
	"context"
	"fmt"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/certpath/certpathtest"
)

// A university signs with a certificate of the ministry, which a wallet trusts.
func Example() {
	ministry := certpathtest.New(now, "Ministry")
	x5c, _ := ministry.Leaf(certpathtest.Template{Name: "University"})

	list, err := certpath.ParseAnchors(ministry.PEM())
	if err != nil {
		panic(err)
	}
	anchors, err := certpath.NewAnchors(nil, list...)
	if err != nil {
		panic(err)
	}
	path, err := anchors.Verify(context.Background(), x5c, certpath.Options{Now: now, Usages: certpath.IssuerUsages()})
	if err != nil {
		panic(err)
	}
	fmt.Println(path.Subject(), "under", path.Anchor)
	// Output: CN=University,C=CN under CN=Ministry,C=CN
}
