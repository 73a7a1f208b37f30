package embed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// Open reads and verifies the .edge file at path, as Decode does. Errors name
// path and wrap those of package fs (fs.ErrNotExist …) or Decode's.
func Open(path string) (*Model, error) {
	// Looked at before it is opened: opening a FIFO would wait for its writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := checkFile(info); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	b, err := readFile(path, info.Size())
	if err != nil {
		return nil, err
	}
	m, err := Decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func checkFile(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return corrupt("it is a folder, not a file")
	case !info.Mode().IsRegular():
		return corrupt("it is not a regular file")
	case info.Size() == 0:
		return corrupt("it is empty")
	case info.Size() > maxFile:
		return corrupt("%d bytes long, a model has at most %d", info.Size(), int64(maxFile))
	}
	return nil
}

// readFile reads size bytes in one go; a file that shrank meanwhile gives what
// is left.
func readFile(path string, size int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, size)
	n, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b[:n], nil
}

// notModel says what a file without the magic of a model seems to be.
func notModel(b []byte) string {
	starts := func(prefix string) bool { return bytes.HasPrefix(b, []byte(prefix)) }
	const text = 512
	head := strings.ToLower(strings.TrimSpace(string(b[:min(len(b), text)])))
	switch {
	case len(b) == 0:
		return "it is empty"
	case starts("\x89EDG\n"), starts("\x89EDG\r\r\n"), starts("\x09EDG"):
		return "it went through a transfer in text mode: copy it again in binary mode"
	case strings.HasPrefix(magic, string(b[:min(len(b), len(magic))])):
		return fmt.Sprintf("%d bytes long: cut short", len(b))
	case strings.HasPrefix(head, "version https://git-lfs"):
		return "it is a Git LFS pointer: fetch the file itself with git lfs pull"
	case strings.HasPrefix(head, "<!doctype"), strings.HasPrefix(head, "<html"), strings.HasPrefix(head, "<?xml"):
		return "it is a web page, not a model: the download went wrong"
	case looksLikeONNX(b):
		return "it looks like an ONNX file: edge model import makes a model of it"
	case len(b) >= 8 && string(b[4:8]) == "TFL3":
		return "it is a TensorFlow Lite file, not an .edge model"
	case starts("PK\x03\x04"):
		return "it is a ZIP archive (or a PyTorch file), not an .edge model"
	case starts("\x80\x02"), starts("\x80\x04"):
		return "it looks like a PyTorch file, not an .edge model"
	case starts("\x1f\x8b"), starts("\xfd7zXZ\x00"), starts("\x28\xb5\x2f\xfd"), starts("BZh"):
		return "it is compressed: unpack it first"
	case starts("\x89HDF"):
		return "it is an HDF5 (Keras) file, not an .edge model"
	case starts("\xff\xd8\xff"), starts("\x89PNG"), starts("BM"), starts("RIFF"):
		return "it is a picture or a clip, not an .edge model"
	case starts("\x7fELF"):
		return "it is a program, not an .edge model"
	}
	return "it is not an .edge model"
}

// looksLikeONNX tells whether b begins as a ModelProto does: field 1, the IR
// version, a small number, then the tag of one of the other fields.
func looksLikeONNX(b []byte) bool {
	if len(b) < 3 || b[0] != 0x08 || b[1] == 0 || b[1] > 32 {
		return false
	}
	switch b[2] {
	case 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72:
		return true
	}
	return false
}
