// Edge is a camera that a person teaches by pressing a button.
package main

import (
	"os"

	"github.com/edge-camera/edge/cmd/edge/command"
)

func main() { os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
