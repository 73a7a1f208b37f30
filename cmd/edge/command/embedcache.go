//go:build !device

package command

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/edge-camera/edge/embed"
)

// embedCache keeps what a network made of pictures, one file a picture, so that
// the next evaluation with the same ones begins at once. A nil embedCache keeps
// nothing.
//
// A file is named after all that its numbers depend on: the network's
// fingerprint, how pictures are prepared for it, the part of the picture looked
// at, and the picture file's bytes. So it is never stale, and a file that was
// changed is another picture. What is in it is checked; one that is damaged is
// made again.
type embedCache struct {
	dir string
	dim int
}

// openCache returns the cache in dir, or in the user's cache folder if it is
// empty.
func openCache(dir string, n *embed.Network, r embed.Region) (*embedCache, error) {
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(user, "edge", "embeddings")
	}
	fp := n.Fingerprint()
	key := fmt.Sprintf("%s-%d", hex.EncodeToString(fp[:8]), embed.PreprocessVersion)
	if r != (embed.Region{}) {
		key += fmt.Sprintf("-%g,%g,%g,%g", r.X, r.Y, r.W, r.H)
	}
	c := &embedCache{filepath.Join(dir, key), n.Dim()}
	return c, os.MkdirAll(c.dir, 0o777)
}

const cacheMagic = "edge embedding 1\n"

func (c *embedCache) path(picture [sha256.Size]byte) string {
	name := hex.EncodeToString(picture[:])
	return filepath.Join(c.dir, name[:2], name[2:])
}

// get fills dst with what is kept for a picture and reports whether there is
// anything.
func (c *embedCache) get(dst embed.Embedding, picture [sha256.Size]byte) bool {
	if c == nil {
		return false
	}
	b, err := os.ReadFile(c.path(picture))
	want := len(cacheMagic) + 4*c.dim + 4
	if err != nil || len(b) != want || string(b[:len(cacheMagic)]) != cacheMagic || crc32.ChecksumIEEE(b[:want-4]) != binary.LittleEndian.Uint32(b[want-4:]) {
		return false
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[len(cacheMagic)+4*i:]))
	}
	return true
}

// put keeps e for a picture.
func (c *embedCache) put(picture [sha256.Size]byte, e embed.Embedding) error {
	if c == nil {
		return nil
	}
	b := []byte(cacheMagic)
	for _, v := range e {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	path := c.path(picture)
	if err := os.Mkdir(filepath.Dir(path), 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// Another evaluation may write the same one at the same time. No sync: what
	// a power cut leaves half is seen by its checksum and made again.
	f, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
