package main

import (
	"bytes"
	"debug/elf"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// boards are the processors whose arithmetic is looked at: without the dot
// product instructions, as in a Raspberry Pi 3 and 4, and with them, as in a
// Pi 5 and an Orin.
var boards = []string{"cortex-a72", "cortex-a76"}

// TestARM64 runs the program for boards, and this machine's, on the same
// pictures: each number of their embeddings is the same to the last bit. What
// was taught on a desktop is known on the device, and the other way round.
func TestARM64(t *testing.T) {
	emulator := ""
	if runtime.GOARCH != "arm64" {
		for _, name := range []string{"qemu-aarch64-static", "qemu-aarch64"} {
			if path, err := exec.LookPath(name); err == nil {
				emulator = path
				break
			}
		}
		if emulator == "" {
			if os.Getenv("CI") != "" {
				t.Fatal("qemu-aarch64 is not installed: make setup does not, deploy/setup.sh test does")
			}
			t.Skip("qemu-aarch64 is not installed, so nothing runs the program for arm64: deploy/setup.sh test")
		}
	}
	dir := t.TempDir()
	here, board := filepath.Join(dir, "edge"), filepath.Join(dir, "edge-linux-arm64")
	build(t, here, "CGO_ENABLED=0")
	build(t, board, "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	static(t, board)

	pictures := []string{"embed", "--json", paint(t, dir, "wide.png", 640, 480), paint(t, dir, "tall.jpg", 211, 377), paint(t, dir, "small.png", 37, 50)}
	check := []string{"model", "check", "--json", "efficientnet-lite0-224"}
	want := run(t, here, pictures...)
	if n := bytes.Count(want, []byte("\n")); n != 3 {
		t.Fatalf("%d lines for 3 pictures:\n%s", n, want)
	}
	for _, cpu := range boards {
		t.Run(cpu, func(t *testing.T) {
			command := []string{emulator, "-cpu", cpu, board}
			if emulator == "" {
				command = []string{board}
			}
			got := run(t, command[0], append(command[1:], pictures...)...)
			if !bytes.Equal(got, want) {
				t.Errorf("the embeddings differ: %s", difference(got, want))
			}
			run(t, command[0], append(command[1:], check...)...) // its own known answers
		})
	}
}

func build(t *testing.T, out string, env ...string) {
	t.Helper()
	c := exec.Command("go", "build", "-o", out, ".")
	c.Env = append(os.Environ(), env...)
	if b, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s go build: %v\n%s", strings.Join(env, " "), err, b)
	}
}

// static tests that a program needs nothing of the board but its kernel.
func static(t *testing.T, path string) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Machine != elf.EM_AARCH64 {
		t.Errorf("built for %v", f.Machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("not a static program: it asks for a loader")
		}
	}
}

// run returns what a command writes to standard output.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	c := exec.Command(name, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "EDGE_") { // somebody's settings
			c.Env = append(c.Env, v)
		}
	}
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &stderr)
	}
	return out
}

// paint writes a picture with edges, ramps and texture.
func paint(t *testing.T, dir, name string, w, h int) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{byte(255 * x / w), byte(255 * y / h), byte(x*x + y*y), 255}
			if (x-w/2)*(x-w/2)+(y-h/2)*(y-h/2) < w*h/12 {
				c = color.RGBA{220, byte(40 + x%13*9), 30, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	var err error
	if strings.HasSuffix(name, ".jpg") {
		err = jpeg.Encode(&b, m, nil)
	} else {
		err = png.Encode(&b, m)
	}
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// difference points at the first place where two outputs differ.
func difference(got, want []byte) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	around := func(b []byte) string { return string(b[max(0, min(len(b), i-30)):min(len(b), i+30)]) }
	return "…" + around(got) + "… here, …" + around(want) + "… wanted"
}
