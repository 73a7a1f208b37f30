package support

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// memFS is a disk in memory with the habits of a real one: what is written is
// seen at once and safe only after a sync, names are safe only after a sync of
// their folder, and a sync that failed has lost what it should have kept.
// Every operation that changes something can fail or be the last before the
// power goes.
type memFS struct {
	mu      sync.Mutex
	names   map[string]*inode // as the running system sees them
	safe    map[string]*inode // as they are on the platter
	changes []nameChange      // from safe to names, in order
	locks   map[string]*memLock

	ops     int      // changing operations so far
	failAt  int      // operation that fails, from 1; 0 for none
	failAll bool     // and every one after it
	failure error    // with what
	cutAt   int      // operation in which the power goes, from 1
	failed  []string // kinds of the operations that did
	dead    bool
	written int64 // bytes
	kinds   map[string]int
}

type inode struct {
	dir     bool
	data    []byte // as the running system sees it
	safe    []byte
	pending []dataChange // from safe to data, in order

	own, ownSafe bool // no other node has a part of the memory of data, of safe
}

type dataChange struct {
	off      int64
	data     []byte
	truncate bool // to off
}

type nameChange struct {
	name string
	node *inode // nil: the name goes
	from string // rename: this name goes in the same instant
}

type memLock struct {
	held  bool
	clean bool
}

var errPower = errors.New("no power")

func newMemFS() *memFS {
	root := &inode{dir: true}
	return &memFS{
		names: map[string]*inode{"/": root}, safe: map[string]*inode{"/": root},
		locks: make(map[string]*memLock), kinds: make(map[string]int),
	}
}

// op counts an operation and says whether it fails (err) or is cut short by
// the power going (cut), in which case it has begun but nothing waits for it.
func (m *memFS) op(kind string) (cut bool, err error) {
	if m.dead {
		return false, errPower
	}
	m.ops++
	m.kinds[kind]++
	if m.ops == m.cutAt {
		m.dead = true
		return true, nil
	}
	if m.failAt > 0 && (m.ops == m.failAt || m.failAll && m.ops > m.failAt) {
		m.failed = append(m.failed, kind)
		return false, m.failure
	}
	return false, nil
}

func (m *memFS) rename(c nameChange) {
	m.changes = append(m.changes, c)
	c.apply(m.names)
}

func (c nameChange) apply(names map[string]*inode) {
	if c.from != "" {
		delete(names, c.from)
	}
	if c.node == nil {
		delete(names, c.name)
	} else {
		names[c.name] = c.node
	}
}

// apply returns the data after the change. Whoever has the data from before goes
// on seeing that. With own nobody else has the memory behind the data, and what
// is appended may land there.
func (c dataChange) apply(data []byte, own bool) []byte {
	if !own {
		data = slices.Clip(data)
	}
	size := int64(len(data))
	if c.truncate {
		return slices.Clip(data[:min(size, c.off)])
	}
	if c.off < size {
		data = slices.Clone(data)
		n := copy(data[c.off:], c.data)
		return append(data, c.data[n:]...)
	}
	return append(append(data, make([]byte, c.off-size)...), c.data...)
}

// change makes the running system see a change.
func (n *inode) change(c dataChange) {
	n.pending = append(n.pending, c)
	n.data = c.apply(n.data, n.own)
	n.own = true
}

// sync makes what the running system sees safe.
func (n *inode) sync() {
	for _, c := range n.pending {
		n.safe = c.apply(n.safe, n.ownSafe)
		n.ownSafe = true
	}
	n.pending = nil
}

func (m *memFS) Mkdir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names[name] != nil {
		return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrExist}
	}
	if d := m.names[filepath.Dir(name)]; d == nil || !d.dir {
		return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrNotExist}
	}
	cut, err := m.op("mkdir")
	if err != nil {
		return err
	}
	m.rename(nameChange{name: name, node: &inode{dir: true}})
	if cut {
		return errPower
	}
	return nil
}

type memInfo struct {
	fs.FileInfo
	dir bool
}

func (i memInfo) IsDir() bool { return i.dir }

func (m *memFS) Stat(name string) (fs.FileInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.names[name]
	if n == nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return memInfo{dir: n.dir}, nil
}

func (m *memFS) open(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return nil, errPower
	}
	n := m.names[name]
	if n == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memFile{fs: m, node: n}, nil
}

func (m *memFS) Open(name string) (File, error)      { return m.open(name) }
func (m *memFS) OpenWrite(name string) (File, error) { return m.open(name) }

func (m *memFS) Create(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names[name] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	if d := m.names[filepath.Dir(name)]; d == nil || !d.dir {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrNotExist}
	}
	cut, err := m.op("create")
	if err != nil {
		return nil, err
	}
	n := &inode{}
	m.rename(nameChange{name: name, node: n})
	if cut {
		return nil, errPower
	}
	return &memFile{fs: m, node: n}, nil
}

func (m *memFS) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.names[from]
	if n == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	cut, err := m.op("rename")
	if err != nil {
		return err
	}
	m.rename(nameChange{name: to, node: n, from: from})
	if cut {
		return errPower
	}
	return nil
}

func (m *memFS) Link(old, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.names[old]
	if n == nil {
		return &fs.PathError{Op: "link", Path: old, Err: fs.ErrNotExist}
	}
	if m.names[name] != nil {
		return &fs.PathError{Op: "link", Path: name, Err: fs.ErrExist}
	}
	cut, err := m.op("link")
	if err != nil {
		return err
	}
	m.rename(nameChange{name: name, node: n})
	if cut {
		return errPower
	}
	return nil
}

func (m *memFS) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	cut, err := m.op("remove")
	if err != nil {
		return err
	}
	m.rename(nameChange{name: name})
	if cut {
		return errPower
	}
	return nil
}

func (m *memFS) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	cut, err := m.op("syncdir")
	if cut {
		return errPower
	}
	if err != nil {
		return err
	}
	var rest []nameChange
	for _, c := range m.changes {
		if filepath.Dir(c.name) == name {
			c.apply(m.safe)
		} else {
			rest = append(rest, c)
		}
	}
	m.changes = rest
	return nil
}

func (m *memFS) Lock(name string) (func(bool) error, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return nil, false, errPower
	}
	l := m.locks[name]
	if l == nil {
		l = &memLock{}
		m.locks[name] = l
	}
	if l.held {
		return nil, false, fmt.Errorf("%w: %s: by process %d", ErrLocked, name, 4711)
	}
	clean := l.clean
	l.held, l.clean = true, false
	return func(clean bool) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		l.held, l.clean = false, clean
		return nil
	}, clean, nil
}

type memFile struct {
	fs   *memFS
	node *inode
}

func (f *memFile) ReadAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.node.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	cut, err := f.fs.op("write")
	if errors.Is(err, errPower) {
		return 0, err
	}
	n := len(b)
	if err != nil {
		n /= 2 // what a full disk still had room for
	}
	c := dataChange{off: off, data: slices.Clone(b[:n])}
	f.node.change(c)
	f.fs.written += int64(n)
	if cut {
		err = errPower
	}
	return n, err
}

func (f *memFile) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	cut, err := f.fs.op("truncate")
	if err != nil {
		return err
	}
	c := dataChange{off: size, truncate: true}
	f.node.change(c)
	if cut {
		return errPower
	}
	return nil
}

func (f *memFile) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	cut, err := f.fs.op("sync")
	switch {
	case cut:
		return errPower
	case errors.Is(err, errPower):
		return err
	case err != nil:
		// The pages count as clean now, and no later sync writes them.
		f.node.pending = nil
		return err
	}
	f.node.sync()
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.dead {
		return 0, errPower
	}
	return int64(len(f.node.data)), nil
}

func (f *memFile) Close() error { return nil }

// kill is a SIGKILL of the process: the system lives on with all it has seen.
func (m *memFS) kill() *memFS {
	k := &memFS{names: m.names, safe: m.safe, changes: m.changes, locks: make(map[string]*memLock), kinds: make(map[string]int)}
	return k
}

// clone is a copy that shares no node.
func (m *memFS) clone() *memFS {
	seen := make(map[*inode]*inode)
	node := func(n *inode) *inode {
		if n == nil {
			return nil
		}
		if seen[n] == nil {
			n.own, n.ownSafe = false, false
			seen[n] = &inode{dir: n.dir, data: n.data, safe: n.safe, pending: slices.Clone(n.pending)}
		}
		return seen[n]
	}
	k := newMemFS()
	for name, n := range m.names {
		k.names[name] = node(n)
	}
	for name, n := range m.safe {
		k.safe[name] = node(n)
	}
	for _, c := range m.changes {
		k.changes = append(k.changes, nameChange{name: c.name, node: node(c.node), from: c.from})
	}
	return k
}

// crashes calls f with every disk that may be found when the power comes back:
// any prefix of the unsafe names, the last of them without the others, and any prefix of the unsafe bytes cut at the
// interesting places, and for the last write also what a file system leaves
// that makes a file longer before it fills it.
func (m *memFS) crashes(f func(how string, disk *memFS)) {
	nodes := make(map[*inode]bool)
	for _, n := range m.names {
		nodes[n] = true
	}
	for _, n := range m.safe {
		nodes[n] = true
	}
	type image struct {
		how  string
		data map[*inode][]byte
	}
	images := []image{{"nothing of the data", map[*inode][]byte{}}}
	for n := range nodes {
		data := n.safe
		for i, c := range n.pending {
			add := func(how string, c dataChange) {
				images = append(images, image{fmt.Sprintf("data change %d: %s", i, how), map[*inode][]byte{n: c.apply(data, false)}})
			}
			if c.truncate {
				add("truncate", c)
			} else {
				for _, cut := range cuts(len(c.data)) {
					add(fmt.Sprintf("%d of %d bytes", cut, len(c.data)), dataChange{off: c.off, data: c.data[:cut]})
				}
				for _, hole := range []struct {
					how      string
					from, to int
				}{
					{"length without data", 0, len(c.data)},
					{"without the first page", 0, min(pageSize, len(c.data))},
					{"without the last page", max(0, (len(c.data)-1)/pageSize*pageSize), len(c.data)},
				} {
					d := slices.Clone(c.data)
					clear(d[hole.from:hole.to])
					add(hole.how, dataChange{off: c.off, data: d})
				}
			}
			data = c.apply(data, false)
		}
	}
	var some [][]nameChange
	for k := range len(m.changes) + 1 {
		some = append(some, m.changes[:k])
	}
	if n := len(m.changes); n > 1 {
		// A file system without a journal writes folders in any order.
		some = append(some, m.changes[n-1:])
	}
	for k, changes := range some {
		names := maps.Clone(m.safe)
		for _, c := range changes {
			c.apply(names)
		}
		for _, img := range images {
			disk := newMemFS()
			for name, n := range names {
				if n.dir {
					disk.names[name] = &inode{dir: true}
					continue
				}
				data, ok := img.data[n]
				if !ok {
					data = n.safe
				}
				disk.names[name] = &inode{data: data, safe: data}
			}
			disk.safe = maps.Clone(disk.names)
			f(fmt.Sprintf("names %d of %d, %s", k, len(m.changes), img.how), disk)
		}
	}
}

// cuts are the lengths after which a write of n bytes is worth cutting.
func cuts(n int) []int {
	set := map[int]bool{n: true}
	for _, c := range []int{1, 3, recordSize - 1, recordSize, recordSize + 1, 512, n / 2, n - 1} {
		if c < n {
			set[c] = true
		}
	}
	for p := pageSize; p < n; p += pageSize {
		set[p-1], set[p], set[p+1] = true, true, true
	}
	delete(set, 0)
	return slices.Sorted(maps.Keys(set))
}

// list names the files on a disk.
func (m *memFS) list(prefix string) (names []string) {
	for name := range m.names {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// clock is a time.Now that moves by a second at each look.
func clock() func() time.Time {
	t := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return func() time.Time { t = t.Add(time.Second); return t }
}

func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
