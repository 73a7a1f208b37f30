// Command arm64 writes the assembly of package kernel for arm64:
//
//	go generate ./embed/kernel
//
// Go's assembler has few of the vector instructions that integers need, so a
// kernel is written as A64 text, GNU as (Debian's binutils-aarch64-linux-gnu)
// makes machine words of it, and the words go into a file of Go assembly, each
// with its text beside it. The loops that make the text stand here, one file
// for each family of kernels; what they have in common is in asm.go.
package main

import (
	"fmt"
	"os"
)

// files lists what is written, by name in package kernel.
var files = map[string]func(*file){
	"../../support/internal/dot8/dot8_arm64.s": dot8,
	"add_arm64.s":               add,
	"mean_arm64.s":              mean,
	"../resize_arm64.s":         resize,
	"dotprod_depthwise_arm64.s": dotDepthwise,
	"dotprod_clamp_arm64.s":     dotClamp,
	"dotprod_dense_arm64.s":     dotDense,
	"neon_dense_arm64.s":        neonDense,
	"neon_depthwise_arm64.s":    neonDepthwise,
	"neon_pack_arm64.s":         neonPack,
}

func main() {
	for name, write := range files {
		text, err := generate(write, assemble)
		if err == nil {
			err = os.WriteFile(name, text, 0o644)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "gen/arm64: %s: %v\n", name, err)
			os.Exit(1)
		}
	}
}
