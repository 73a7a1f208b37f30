// Command amd64 writes the assembly of package kernel for amd64:
//
//	go generate ./embed/kernel
//
// Kernels are written here as loops that make Go assembly, one file for each
// family of kernels; what they have in common is in asm.go.
package main

import (
	"fmt"
	"os"
)

// files lists what is written, by name in package kernel.
var files = map[string]func(*file){}

func main() {
	for name, write := range files {
		if err := os.WriteFile(name, generate(write), 0o644); err != nil {
			fmt.Fprintf(os.Stderr, "gen/amd64: %v\n", err)
			os.Exit(1)
		}
	}
}
