//go:build !unix

package command

// writable leaves it to the first shot to find out.
func writable(string) error { return nil }
