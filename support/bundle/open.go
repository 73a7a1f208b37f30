package bundle

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// Bundle is an open bundle. It reads from where it was opened; one goroutine
// uses it.
type Bundle struct {
	Manifest *Manifest // not to be changed

	files  map[string]*zip.File
	tables map[embed.Fingerprint][]byte
}

// Open reads a bundle of size bytes, as far as that goes without its crops, and
// refuses it as the package documentation says. Errors wrap ErrCorrupt,
// ErrVersion or ErrLimit, or are those of r.
func Open(r io.ReaderAt, size int64) (*Bundle, error) {
	if size > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrLimit, size, MaxBytes)
	}
	b := &Bundle{files: make(map[string]*zip.File), tables: make(map[embed.Fingerprint][]byte)}
	bounded := &boundedReader{r: r, left: maxDirectory}
	z, err := zip.NewReader(bounded, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // checkPath names the path
		return nil, zipError("the zip's directory", err)
	}
	bounded.left = math.MaxInt64
	if err := b.directory(z, size); err != nil {
		return nil, err
	}
	if err := b.manifest(); err != nil {
		return nil, err
	}
	if err := b.size(); err != nil {
		return nil, err
	}
	for i := range b.Manifest.Embeddings {
		if err := b.table(&b.Manifest.Embeddings[i]); err != nil {
			return nil, err
		}
	}
	return b, b.shots()
}

// boundedReader stops a directory that goes on for ever, or points before the
// file.
type boundedReader struct {
	r    io.ReaderAt
	left int64
}

func (b *boundedReader) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, fmt.Errorf("%w: a directory of more than %d bytes", ErrLimit, maxDirectory)
	}
	if off < 0 {
		return 0, zip.ErrFormat
	}
	return b.r.ReadAt(p, off)
}

// zipError turns what is wrong with the file's bytes into an ErrCorrupt and
// leaves what is wrong with reading them.
func zipError(what string, err error) error {
	for _, is := range []error{zip.ErrFormat, zip.ErrChecksum, zip.ErrAlgorithm, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, is) {
			why := map[error]string{zip.ErrFormat: "not a zip, or cut off", io.EOF: "cut off", io.ErrUnexpectedEOF: "cut off"}[is]
			if why == "" {
				why = strings.TrimPrefix(is.Error(), "zip: ")
			}
			return fmt.Errorf("%w: %s: %s", ErrCorrupt, what, why)
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}

// directory checks what the zip says of its entries, before one is read.
func (b *Bundle) directory(z *zip.Reader, size int64) error {
	if len(z.File) > MaxEntries {
		return fmt.Errorf("%w: %d entries, at most %d", ErrLimit, len(z.File), MaxEntries)
	}
	seen := make(map[string]bool)
	var packed uint64
	for _, f := range z.File {
		if err := checkPath(f.Name); err != nil {
			return err
		}
		key := strings.TrimSuffix(f.Name, "/")
		bad := func(kind error, why string, args ...any) error {
			return fmt.Errorf("%w: %s: %s", kind, key, fmt.Sprintf(why, args...))
		}
		if seen[key] {
			return bad(ErrCorrupt, "is there twice")
		}
		seen[key] = true
		mode := f.Mode()
		switch {
		case strings.HasSuffix(f.Name, "/"):
			if f.UncompressedSize64 > 0 {
				return bad(ErrCorrupt, "a folder of %d bytes", f.UncompressedSize64)
			}
			continue
		case !mode.IsRegular():
			return bad(ErrCorrupt, "a %s, and no file", kindOf(mode.String()))
		case f.Flags&1 != 0:
			return bad(ErrCorrupt, "is encrypted")
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return bad(ErrCorrupt, "is packed by method %d, which this program does not know", f.Method)
		case f.UncompressedSize64 > MaxEmbeddings:
			return bad(ErrLimit, "claims %d bytes, at most %d", f.UncompressedSize64, MaxEmbeddings)
		case f.UncompressedSize64 > smallEntry && f.UncompressedSize64/maxRatio > f.CompressedSize64:
			return bad(ErrLimit, "%d bytes claim to be %d", f.CompressedSize64, f.UncompressedSize64)
		}
		// Entries that lie over each other are how a small file unpacks to
		// more than its own bytes would.
		if packed += f.CompressedSize64; f.CompressedSize64 > uint64(size) || packed > uint64(size) {
			return bad(ErrLimit, "entries claim more than the %d bytes of the file", size)
		}
		b.files[key] = f
	}
	return nil
}

// kindOf names what a mode string such as "Lrwxrwxrwx" stands for.
func kindOf(mode string) string {
	switch mode[0] {
	case 'L':
		return "link"
	case 'D', 'c':
		return "device"
	case 'd':
		return "folder"
	}
	return "special file"
}

// read unpacks an entry of at most limit bytes.
func (b *Bundle) read(name string, limit int64) ([]byte, error) {
	f := b.files[name]
	if f == nil {
		return nil, fmt.Errorf("%w: %s is not in it", ErrCorrupt, name)
	}
	if f.UncompressedSize64 > uint64(limit) {
		return nil, fmt.Errorf("%w: %s: %d bytes, at most %d", ErrLimit, name, f.UncompressedSize64, limit)
	}
	r, err := f.Open()
	if err != nil {
		return nil, zipError(name, err)
	}
	defer r.Close()
	// What an entry claims and what comes out of it are two things. Memory
	// follows what comes.
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(r, int64(f.UncompressedSize64)+1))
	if err != nil {
		return nil, unpackError(name, err)
	}
	if n != int64(f.UncompressedSize64) {
		return nil, fmt.Errorf("%w: %s: unpacks to other than the %d bytes it claims", ErrCorrupt, name, f.UncompressedSize64)
	}
	return buf.Bytes(), nil
}

// unpackError is zipError for what a decompressor may say besides.
func unpackError(name string, err error) error {
	if flate := strings.HasPrefix(err.Error(), "flate: "); flate {
		return fmt.Errorf("%w: %s: %s", ErrCorrupt, name, strings.TrimPrefix(err.Error(), "flate: "))
	}
	return zipError(name, err)
}

// manifest reads and checks the manifest as far as it goes without the rest.
func (b *Bundle) manifest() error {
	raw, err := b.read(manifestName, MaxManifest)
	if err != nil {
		return err
	}
	bad := func(why string, args ...any) error {
		return fmt.Errorf("%w: %s: %s", ErrCorrupt, manifestName, fmt.Sprintf(why, args...))
	}
	m := new(Manifest)
	// A newer manifest may be of another shape; its version comes first.
	var outer struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(raw, &outer); err != nil {
		return bad("%s", err)
	}
	switch {
	case outer.Format != format:
		return bad("its format is %.40q, not %q", outer.Format, format)
	case outer.Version < 1:
		return bad("its version is %d", outer.Version)
	case outer.Version > version:
		return fmt.Errorf("%w: %d, this program reads %d", ErrVersion, outer.Version, version)
	}
	if err := json.Unmarshal(raw, m); err != nil {
		return bad("%s", err)
	}
	b.Manifest = m

	names := make(map[string]bool)
	ids := make(map[uint64]bool)
	crops := make(map[string]bool)
	for _, c := range m.Classes {
		if err := support.CheckName(c.Class); err != nil {
			return bad("%s", err)
		}
		if names[c.Class] {
			return bad("class %q is there twice", c.Class)
		}
		names[c.Class] = true
		for _, s := range c.Shots {
			switch {
			case ids[s.ID]:
				return bad("shot %d is there twice", s.ID)
			case (s.Crop == "") != (s.SHA256 == nil):
				return bad("shot %d has a crop and no sha256, or the other way round", s.ID)
			case s.Crop == "" && s.Fingerprint == nil:
				return bad("shot %d has neither a crop nor an embedding", s.ID)
			case crops[s.Crop]:
				return bad("shot %d has the crop of another, %s", s.ID, s.Crop)
			case len(s.Source) > maxSource:
				return bad("shot %d has a source of %d bytes, at most %d", s.ID, len(s.Source), maxSource)
			}
			if s.Quality != nil {
				if err := s.Quality.Check(); err != nil {
					return bad("shot %d: %s", s.ID, err)
				}
			}
			ids[s.ID] = true
			if s.Crop != "" {
				crops[s.Crop] = true
				if b.files[s.Crop] == nil {
					return bad("the crop of shot %d, %.80q, is not in the zip", s.ID, s.Crop)
				}
			}
		}
	}
	return nil
}

// size checks how much the embeddings come to, before any is read.
func (b *Bundle) size() error {
	total := 0
	for _, t := range b.Manifest.Embeddings {
		switch {
		case t.Dim < 1 || t.Dim > maxDim:
			return fmt.Errorf("%w: embeddings of model %s: %d numbers each, want 1 to %d", ErrCorrupt, t.Fingerprint.Short(), t.Dim, maxDim)
		case t.Rows < 1:
			return fmt.Errorf("%w: embeddings of model %s: %d rows", ErrCorrupt, t.Fingerprint.Short(), t.Rows)
		case t.Rows > (MaxEmbeddings-total)/4/t.Dim:
			return fmt.Errorf("%w: more than %d bytes of embeddings", ErrLimit, MaxEmbeddings)
		}
		total += 4 * t.Rows * t.Dim
	}
	return nil
}

// table reads and checks a file of embeddings.
func (b *Bundle) table(t *Table) error {
	bad := func(why string, args ...any) error {
		return fmt.Errorf("%w: embeddings of model %s: %s", ErrCorrupt, t.Fingerprint.Short(), fmt.Sprintf(why, args...))
	}
	if b.tables[t.Fingerprint] != nil {
		return bad("are there twice")
	}
	raw, err := b.read(t.File, MaxEmbeddings)
	if err != nil {
		return err
	}
	if want := 4 * t.Rows * t.Dim; len(raw) != want {
		return bad("%s has %d bytes, and %d rows of %d numbers are %d", t.File, len(raw), t.Rows, t.Dim, want)
	}
	if sha256.Sum256(raw) != t.SHA256 {
		return bad("%s has another sha256 than the manifest says", t.File)
	}
	b.tables[t.Fingerprint] = raw
	return nil
}

// shots checks what shots have in the tables.
func (b *Bundle) shots() error {
	rows := make(map[embed.Fingerprint]*Table)
	used := make(map[embed.Fingerprint]map[int]uint64)
	for i := range b.Manifest.Embeddings {
		t := &b.Manifest.Embeddings[i]
		rows[t.Fingerprint], used[t.Fingerprint] = t, make(map[int]uint64)
	}
	for i := range b.Manifest.Classes {
		for j := range b.Manifest.Classes[i].Shots {
			s := &b.Manifest.Classes[i].Shots[j]
			if s.Fingerprint == nil {
				continue
			}
			bad := func(why string, args ...any) error {
				return fmt.Errorf("%w: the embedding of shot %d: %s", ErrCorrupt, s.ID, fmt.Sprintf(why, args...))
			}
			t := rows[*s.Fingerprint]
			switch {
			case t == nil:
				return bad("of model %s are none in the bundle", s.Fingerprint.Short())
			case s.Row < 0 || s.Row >= t.Rows:
				return bad("row %d of %d", s.Row, t.Rows)
			}
			if other, ok := used[t.Fingerprint][s.Row]; ok {
				return bad("row %d is that of shot %d", s.Row, other)
			}
			used[t.Fingerprint][s.Row] = s.ID
			zero := true
			for _, v := range b.Embedding(s) {
				if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
					return bad("a number in it is not finite")
				}
				zero = zero && v == 0
			}
			if zero {
				return bad("is all zero")
			}
		}
	}
	return nil
}
