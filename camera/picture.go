package camera

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"
)

// Limits of a picture file. They are checked before a pixel is decoded, so
// that a file of a few kilobytes cannot ask for gigabytes.
const (
	MaxPixels = 64_000_000 // width × height
	MaxBytes  = 256 << 20  // of the file
)

const pngMagic = "\x89PNG\r\n\x1a\n"

// pictureKind is a picture format, known by its first bytes.
type pictureKind struct {
	name        string
	config      func(io.Reader) (image.Config, error)
	decode      func(io.Reader) (image.Image, error)
	orientation func([]byte) orientation
}

var (
	kindJPEG = &pictureKind{"JPEG", jpeg.DecodeConfig, jpeg.Decode, jpegOrientation}
	kindPNG  = &pictureKind{"PNG", png.DecodeConfig, png.Decode, pngOrientation}
	kindWebP = &pictureKind{"WebP", webp.DecodeConfig, webp.Decode, webpOrientation}
	kindBMP  = &pictureKind{"BMP", bmp.DecodeConfig, bmp.Decode, func([]byte) orientation { return upright }}
)

// sniff recognises a picture by its first 12 bytes; nil if it is none.
func sniff(b []byte) *pictureKind {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return kindJPEG
	case bytes.HasPrefix(b, []byte(pngMagic)):
		return kindPNG
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return kindWebP
	case bytes.HasPrefix(b, []byte("BM")):
		return kindBMP
	}
	return nil
}

// IsPicture reports whether name has the extension of a picture that this
// package reads: .jpg, .jpeg, .png, .webp or .bmp, in any case.
func IsPicture(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".webp", ".bmp":
		return true
	}
	return false
}

// DecodePicture decodes a JPEG, PNG, WebP or BMP into f as RGB, 8 bits a
// channel, upright by its EXIF orientation, transparent parts laid over white.
// The result is the same on every architecture. f's Pix is reused where it is
// large enough; Seq, Time and Path are left alone. Errors wrap ErrBadPicture;
// f's pixels are then undefined.
//
// Chroma that was stored at half size is repeated, not interpolated: the
// pictures are about to be made smaller.
func DecodePicture(b []byte, f *Frame) error {
	if err := decodePicture(b, f); err != nil {
		return fmt.Errorf("%w: %w", ErrBadPicture, err)
	}
	return nil
}

// ReadPicture reads the file at path and decodes it as DecodePicture does. It
// sets f.Path and f.Time. Errors wrap ErrBadPicture, or ErrNotFound where
// there is no such file, and name the path.
func ReadPicture(path string, f *Frame) error {
	var buf []byte
	return readPicture(path, f, &buf)
}

// readPicture is ReadPicture with a file buffer to reuse.
func readPicture(path string, f *Frame, buf *[]byte) error {
	info, err := readFile(path, buf)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNotFound, path)
	}
	if err == nil {
		err = decodePicture(*buf, f)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrBadPicture, path, err)
	}
	f.Path, f.Time = path, info.ModTime()
	return nil
}

// readFile reads a regular file of at most MaxBytes into buf.
func readFile(path string, buf *[]byte) (fs.FileInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if info.Size() > MaxBytes {
		return nil, fmt.Errorf("%d bytes is larger than %d MiB", info.Size(), MaxBytes>>20)
	}
	n := int(info.Size())
	if cap(*buf) < n {
		*buf = make([]byte, n)
	}
	*buf = (*buf)[:n]
	if _, err := io.ReadFull(file, *buf); err != nil {
		return nil, cause(err)
	}
	return info, nil
}

// cause drops operation and path from an error of package os: ours names them.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// decodePicture is DecodePicture with the bare reason as its error.
func decodePicture(b []byte, f *Frame) (err error) {
	if len(b) == 0 {
		return errors.New("the file is empty")
	}
	kind := sniff(b)
	if kind == nil {
		return errors.New("not a JPEG, PNG, WebP or BMP")
	}
	// The decoders are other people's code and the file may be anybody's: one
	// bad picture must not end a program that has been watching for a month.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the %s decoder failed: %v", kind.name, p)
		}
	}()
	config, err := kind.config(bytes.NewReader(b))
	if err != nil {
		return reason(kind, err)
	}
	if err := checkSize(config.Width, config.Height); err != nil {
		return err
	}
	m, err := kind.decode(bytes.NewReader(b))
	if err != nil {
		return reason(kind, err)
	}
	// A decoder need not keep what its header promised.
	if err := checkSize(m.Bounds().Dx(), m.Bounds().Dy()); err != nil {
		return err
	}
	toRGB(f, m, kind.orientation(b))
	return nil
}

func checkSize(width, height int) error {
	if width <= 0 || height <= 0 {
		return fmt.Errorf("%d×%d pixels is no picture", width, height)
	}
	if int64(width)*int64(height) > MaxPixels {
		return fmt.Errorf("%d×%d pixels is larger than %d megapixels", width, height, MaxPixels/1_000_000)
	}
	return nil
}

// reason puts a decoder's error in words: the commonest by far is a file that
// ends too early.
func reason(kind *pictureKind, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the %s ends too early", kind.name)
	}
	if strings.Contains(strings.ToUpper(err.Error()), strings.ToUpper(kind.name)) { // it names the format itself
		return err
	}
	return fmt.Errorf("%s: %w", kind.name, err)
}
