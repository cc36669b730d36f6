package main

import "embed"

//go:embed sample
var samples embed.FS

// sample returns a file that ships with the command.
func sample(name string) []byte {
	b, err := samples.ReadFile("sample/" + name)
	if err != nil {
		panic(err) // part of the binary
	}
	return b
}
