// Command hufu is the demonstration: the main job of the library on real parts
// (hufu demo), and every step of it by hand.
package main

import (
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
