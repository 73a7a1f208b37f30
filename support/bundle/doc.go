// Package bundle packs classes with their shots into a zip file and reads such
// files, whoever made them.
//
//	manifest, err := bundle.Write(file, set, bundle.Options{Classes: []string{"cup"}})
//	b, err := bundle.Open(file, size)
//	crop, err := b.Crop(&b.Manifest.Classes[0].Shots[0])
//
// # The file
//
// A zip that any program opens, with nothing in it that only a program reads:
//
//	cup/1.jpg … keys/7.jpg    the crops, a folder per class, named after the shots
//	embeddings-52ca8a0e.f32   what the model of that fingerprint made of them
//	manifest.json             what is what
//
// The crops are stored as they are. Unpacked, the folder is one that edge teach
// --from takes. A file of embeddings is rows of dim float32, little-endian,
// nothing between them, to the bit what the store holds. The manifest is JSON:
//
//	format      "edge bundle"
//	version     1; readers refuse a higher one and pass over what they do not know
//	program     the edge that wrote it
//	embeddings  a list: fingerprint (hex), model (its name, "" if not known),
//	            dim, rows, file, sha256 (hex)
//	classes     a list in the order of their creation: class, created, folder
//	            and shots, a list in the order of teaching:
//	  id          number in the store that it comes from
//	  time        when it was taught or taken
//	  source      camera or file that gave the picture
//	  crop        name of its file, left out where there is no picture
//	  sha256      of that file, hex
//	  fingerprint of the model whose embedding it has, left out where it has none
//	  row         in that model's file, from 0
//	  quality     of the picture: light, dark, bright, contrast, sharpness (see
//	              support.Quality), left out where it was not measured
//
// Pictures of nothing (see support.Set.AddNegative) are not packed: what is taken for
// something else depends on what a device was taught and where it stands.
//
// Folders are named after classes, but for names that no folder should have on
// some system; the manifest says which belongs to what. Equal content makes equal
// bytes: files carry the time of their shot, not of the writing.
//
// # What a reader may trust
//
// Nothing. A bundle comes by mail or from a stranger's stick, so Open refuses it
// before anything of it is used, and says why: not a zip or cut off; more than
// MaxEntries entries, or a directory of more than 16 MiB; entries that together
// claim more than the file can hold, overlap, or expand more than 100 times;
// names that leave the folder (.., absolute, backslashes), are there twice, or are
// links and devices; encrypted entries; a manifest above 32 MiB, of another
// format or version, with classes that no store takes or shots that are there
// twice; crops and embeddings that the manifest names and the zip lacks, of the
// wrong length or sha256, with numbers that are not finite. Nothing is ever
// written to a path of the zip's choosing, because nothing is unpacked.
package bundle

import (
	"errors"
	"time"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// Sentinel errors. What is returned wraps one of them and says what, where and
// why.
var (
	// ErrCorrupt: the file is no whole bundle.
	ErrCorrupt = errors.New("bad bundle")
	// ErrVersion: a newer program wrote the bundle.
	ErrVersion = errors.New("unsupported bundle version")
	// ErrLimit: the file asks for more than any bundle needs.
	ErrLimit = errors.New("bundle beyond the limits")
	// ErrNotFound: a class that the bundle was asked for is not there.
	ErrNotFound = errors.New("not found")
)

// Limits of a bundle.
const (
	MaxBytes      = 1 << 30  // of the file
	MaxEntries    = 50_000   // files in it
	MaxManifest   = 32 << 20 // bytes of the manifest
	MaxCrop       = 16 << 20 // bytes of a crop, as in a store
	MaxEmbeddings = 256 << 20
	maxDim        = 1 << 16
	maxSource     = 1 << 15 // bytes, as in a store
	maxDirectory  = 16 << 20
	maxRatio      = 100
	smallEntry    = 1 << 20 // up to which an entry may expand as it likes
)

const (
	format       = "edge bundle"
	version      = 1
	manifestName = "manifest.json"
)

// Manifest is what is in a bundle, as its manifest.json says it.
type Manifest struct {
	Format     string  `json:"format"`
	Version    int     `json:"version"`
	Program    string  `json:"program"`
	Embeddings []Table `json:"embeddings"`
	Classes    []Class `json:"classes"`
}

// Table is a file of embeddings of one model.
type Table struct {
	Fingerprint embed.Fingerprint `json:"fingerprint"`
	Model       string            `json:"model"`
	Dim         int               `json:"dim"`
	Rows        int               `json:"rows"`
	File        string            `json:"file"`
	SHA256      Digest            `json:"sha256"`
}

// Class is a class with its shots.
type Class struct {
	Class   string    `json:"class"`
	Created time.Time `json:"created"`
	Folder  string    `json:"folder"`
	Shots   []Shot    `json:"shots"`
}

// Shot is a shot as a bundle holds it. It has a crop or an embedding or both.
type Shot struct {
	ID     uint64    `json:"id"`
	Time   time.Time `json:"time"`
	Source string    `json:"source"`
	Crop   string    `json:"crop,omitempty"`
	SHA256 *Digest   `json:"sha256,omitempty"`

	Fingerprint *embed.Fingerprint `json:"fingerprint,omitempty"`
	Row         int                `json:"row"`

	Quality *support.Quality `json:"quality,omitempty"`
}

// Shots is the number of shots.
func (m *Manifest) Shots() int {
	n := 0
	for _, c := range m.Classes {
		n += len(c.Shots)
	}
	return n
}
