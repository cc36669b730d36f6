package qrimage_test

import (
	"fmt"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/qrimage"
)

func ExampleEncode() {
	code, err := qrimage.Encode(openid.QRText(openid.QRProofPresentation, make([]byte, 330)))
	if err != nil {
		fmt.Println(err)
		return
	}
	columns, lines := code.TerminalSize()
	fmt.Printf("version %d, level %s; in a terminal %d columns and %d lines\n", code.Version(), code.Level(), columns, lines)
	// Output: version 14, level M; in a terminal 81 columns and 41 lines
}
