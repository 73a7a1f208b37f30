//go:build !device

package command

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/cmd/edge/internal/app"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support/evaluate"
)

// collection is a folder with a folder of pictures for every class.
type collection struct {
	files []string
	class []string // of each file
}

// listCollection lists the pictures in the folders of dir. Names that begin
// with a dot, and files that are no pictures, are passed over. With flat,
// pictures right in dir count as well, and classes are of no interest.
func listCollection(dir string, flat bool) (*collection, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, coded(exitCamera, err, "give it a folder with a folder of pictures for every class")
	}
	c := &collection{}
	add := func(folder, name, class string) {
		if camera.IsPicture(name) && !strings.HasPrefix(name, ".") {
			c.files = append(c.files, filepath.Join(folder, name))
			c.class = append(c.class, class)
		}
	}
	for _, d := range entries {
		path := filepath.Join(dir, d.Name())
		// A link to a folder is as good as the folder.
		info, err := os.Stat(path)
		switch {
		case err != nil || strings.HasPrefix(d.Name(), "."):
		case !info.IsDir():
			if flat {
				add(dir, d.Name(), "")
			}
		default:
			inner, err := os.ReadDir(path)
			if err != nil {
				return nil, coded(exitCamera, err, "")
			}
			for _, f := range inner {
				if i, err := os.Stat(filepath.Join(path, f.Name())); err == nil && !i.IsDir() {
					add(path, f.Name(), d.Name())
				}
			}
		}
	}
	if len(c.files) == 0 {
		return nil, coded(exitCamera, fmt.Errorf("%s: holds no folders with pictures", dir), "give it a folder with a folder of pictures for every class")
	}
	return c, nil
}

// embedder makes embeddings of files with all processors, from the cache where
// it can.
type embedder struct {
	e       *env
	network *embed.Network
	region  embed.Region
	cache   *embedCache
	bad     badPictures

	mu       sync.Mutex // guards what follows, and bad
	progress *progress
	done     int
	total    int
	cached   int
	cacheErr error // why the cache does not keep, told once
}

// pictures returns the pictures of a collection that can be read, in its order.
func (m *embedder) pictures(ctx context.Context, c *collection) ([]evaluate.Picture, error) {
	results := make([]embed.Embedding, len(c.files))
	work := make(chan int)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(c.files)) {
		workers.Go(func() {
			session := m.network.NewSession(1)
			defer session.Close()
			var frame camera.Frame
			for i := range work {
				e, hit, err := m.one(session, &frame, c.files[i])
				results[i] = e
				if err := m.step(c.files[i], hit, err); err != nil {
					cancel(err)
				}
			}
		})
	}
feed:
	for i := range c.files {
		select {
		case work <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(work)
	workers.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var ps []evaluate.Picture
	for i, e := range results {
		if e != nil {
			ps = append(ps, evaluate.Picture{Class: c.class[i], Embedding: e})
		}
	}
	return ps, nil
}

// one embeds one file; the error is the picture's.
func (m *embedder) one(s *embed.Session, f *camera.Frame, path string) (e embed.Embedding, hit bool, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, false, err
	}
	picture := sha256.Sum256(b)
	e = make(embed.Embedding, m.network.Dim())
	if m.cache.get(e, picture) {
		return e, true, nil
	}
	if err := camera.DecodePicture(b, f); err != nil {
		return nil, false, pathError(path, err)
	}
	if err := s.Embed(e, app.Picture(f), m.region); err != nil {
		return nil, false, pathError(path, err)
	}
	if err := m.cache.put(picture, e); err != nil {
		m.mu.Lock()
		m.cacheErr = err
		m.mu.Unlock()
	}
	return e, false, nil
}

// step tells of a file that is done.
func (m *embedder) step(path string, hit bool, err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done++
	if hit {
		m.cached++
	}
	m.progress.step(m.done, m.total)
	if err != nil {
		m.progress.end()
		return m.bad.tell(path, err)
	}
	return nil
}

// embedCollections embeds several collections, counted as one.
func (e *env) embedCollections(ctx context.Context, network *embed.Network, region embed.Region, cacheDir string, collections []*collection) ([][]evaluate.Picture, *embedder, error) {
	cache, err := openCache(cacheDir, network, region)
	if err != nil {
		e.note("embeddings are not kept for the next time: %v", err)
		cache = nil
	}
	m := &embedder{e: e, network: network, region: region, cache: cache, bad: badPictures{e: e}, progress: e.startProgress("embedding", false)}
	defer m.progress.end()
	for _, c := range collections {
		if c != nil {
			m.total += len(c.files)
		}
	}
	out := make([][]evaluate.Picture, len(collections))
	for i, c := range collections {
		if c == nil {
			continue
		}
		if out[i], err = m.pictures(ctx, c); err != nil {
			return nil, m, err
		}
	}
	m.progress.end()
	if m.cacheErr != nil {
		e.note("embeddings are not kept for the next time: %v", m.cacheErr)
	}
	if len(slices.Concat(out...)) == 0 {
		return nil, m, coded(exitCamera, errors.New("eval: none of the pictures can be read"), "")
	}
	return out, m, nil
}
