package bundle

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// Source is what a bundle is made of; *support.Set is one.
type Source interface {
	Ways() []support.Way
	Shots(class string) []support.Shot
	Crop(id uint64) ([]byte, error)
}

// Options of Write. The zero value packs every class.
type Options struct {
	Classes  []string                       // which; nil: all
	Program  string                         // that writes
	Model    func(embed.Fingerprint) string // names a model, "" if it is not known; may be nil
	Progress func(done, of int)             // of shots; may be nil
	Damaged  func(support.Shot, error)      // a crop that fails its checksum is left out and told; nil: it is an error
}

// Write packs classes of src. Errors of src and w are returned as they are; a
// class that is not there is one that wraps ErrNotFound, and more than a reader
// would take one that wraps ErrLimit.
func Write(w io.Writer, src Source, opt Options) (*Manifest, error) {
	m := &Manifest{Format: format, Version: version, Program: opt.Program, Embeddings: []Table{}, Classes: []Class{}}
	total := 0
	for _, way := range src.Ways() {
		if opt.Classes != nil && !slices.Contains(opt.Classes, way.Class) {
			continue
		}
		m.Classes = append(m.Classes, Class{Class: way.Class, Created: way.Created, Shots: []Shot{}})
		total += way.Shots
	}
	for _, class := range opt.Classes {
		if !slices.ContainsFunc(m.Classes, func(c Class) bool { return c.Class == class }) {
			return nil, fmt.Errorf("%w: class %q", ErrNotFound, class)
		}
	}
	p := packer{zip: zip.NewWriter(w), opt: opt, manifest: m, taken: folders{manifestName: true}}
	for i := range m.Classes {
		c := &m.Classes[i]
		c.Folder = p.taken.take(c.Class)
		for _, s := range src.Shots(c.Class) {
			if err := p.shot(src, c, s); err != nil {
				return nil, fmt.Errorf("shot %d: %w", s.ID, err)
			}
			if opt.Progress != nil {
				opt.Progress(p.shots, max(total, p.shots))
			}
		}
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return m, nil
}

type packer struct {
	zip      *zip.Writer
	opt      Options
	manifest *Manifest
	taken    folders
	tables   []*bytes.Buffer // of manifest.Embeddings
	shots    int
	entries  int
	last     time.Time // of the shots
}

func (p *packer) shot(src Source, c *Class, s support.Shot) error {
	out := Shot{ID: s.ID, Time: s.Time, Source: s.Source, Quality: s.Quality}
	crop, err := src.Crop(s.ID)
	switch {
	case errors.Is(err, support.ErrNotFound):
	case errors.Is(err, support.ErrCorrupt) && p.opt.Damaged != nil:
		p.opt.Damaged(s, err)
	case err != nil:
		return err
	case len(crop) > 0:
		out.Crop = fmt.Sprintf("%s/%d.jpg", c.Folder, s.ID)
		d := Digest(sha256.Sum256(crop))
		out.SHA256 = &d
		// JPEG does not get any smaller.
		if err := p.entry(out.Crop, zip.Store, s.Time, crop); err != nil {
			return err
		}
	}
	if len(s.Embedding) > 0 {
		f := s.Fingerprint
		if out.Row, err = p.row(f, s.Embedding); err != nil {
			return err
		}
		out.Fingerprint = &f
	}
	c.Shots = append(c.Shots, out)
	p.shots++
	if s.Time.After(p.last) {
		p.last = s.Time
	}
	return nil
}

// row adds a row to the table of a model.
func (p *packer) row(f embed.Fingerprint, e embed.Embedding) (int, error) {
	tables := p.manifest.Embeddings
	i := slices.IndexFunc(tables, func(t Table) bool { return t.Fingerprint == f })
	if i >= 0 && tables[i].Dim != len(e) {
		return 0, fmt.Errorf("%w: embeddings of %d and of %d numbers by one model", support.ErrCorrupt, tables[i].Dim, len(e))
	}
	if i < 0 {
		t := Table{Fingerprint: f, Dim: len(e)}
		if p.opt.Model != nil {
			t.Model = p.opt.Model(f)
		}
		i = len(tables)
		p.manifest.Embeddings = append(tables, t)
		p.tables = append(p.tables, new(bytes.Buffer))
	}
	t, b := &p.manifest.Embeddings[i], p.tables[i]
	for _, v := range e {
		b.Write(binary.LittleEndian.AppendUint32(b.AvailableBuffer(), math.Float32bits(v)))
	}
	t.Rows++
	return t.Rows - 1, nil
}

func (p *packer) finish() error {
	for i := range p.manifest.Embeddings {
		t, b := &p.manifest.Embeddings[i], p.tables[i].Bytes()
		t.File = p.taken.take("embeddings-" + t.Fingerprint.Short() + ".f32")
		t.SHA256 = sha256.Sum256(b)
		if len(b) > MaxEmbeddings {
			return fmt.Errorf("%w: %d bytes of embeddings, at most %d: pack fewer classes", ErrLimit, len(b), MaxEmbeddings)
		}
		if err := p.entry(t.File, zip.Deflate, p.last, b); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(p.manifest); err != nil {
		return fmt.Errorf("%s: %w", manifestName, err)
	}
	if b.Len() > MaxManifest {
		return fmt.Errorf("%w: a manifest of %d bytes, at most %d: pack fewer classes", ErrLimit, b.Len(), MaxManifest)
	}
	if err := p.entry(manifestName, zip.Deflate, p.last, b.Bytes()); err != nil {
		return err
	}
	return p.zip.Close()
}

// entry writes a file of the zip. Its time is a shot's, so that equal content
// makes equal bytes.
func (p *packer) entry(name string, method uint16, at time.Time, b []byte) error {
	if p.entries++; p.entries > MaxEntries {
		return fmt.Errorf("%w: more than %d files: pack fewer classes", ErrLimit, MaxEntries)
	}
	h := &zip.FileHeader{Name: name, Method: method}
	// The years that a zip can say.
	if y := at.Year(); y >= 1980 && y < 2108 {
		h.Modified = at.UTC().Truncate(2 * time.Second)
	}
	w, err := p.zip.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}
