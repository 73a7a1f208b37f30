package support

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/edge-camera/edge/embed"
)

// small is the file of a small store with every kind of record that a life
// without a compaction leaves, and the dumps after each of them.
func small(t testing.TB) (file []byte, dumps []string) {
	t.Helper()
	disk := newMemFS()
	s := openMem(t, disk)
	s.limit = 1 << 40
	dumps = append(dumps, dump(s))
	for _, act := range scenario()[:16] {
		if err := act(s); err != nil {
			t.Fatal(err)
		}
		dumps = append(dumps, dump(s))
	}
	s.Close()
	return disk.names[testDir+"/"+fileName].data, dumps
}

// compacted is the file of a store after a compaction.
func compacted(t testing.TB) (file []byte, want string) {
	t.Helper()
	disk := newMemFS()
	_, s, err := live(disk)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	return disk.names[testDir+"/"+fileName].data, dump(openMem(t, disk))
}

// diskWith is a disk with a store of these bytes.
func diskWith(file []byte) *memFS {
	m := newMemFS()
	for dir := range strings.SplitSeq("/home /home/state /home/state/edge", " ") {
		m.names[dir] = &inode{dir: true}
	}
	m.names[testDir+"/"+fileName] = &inode{data: file, safe: file}
	return m
}

// A store cut off anywhere holds what was whole before the cut, and what is
// left of the rest is set aside to the byte.
func TestTruncatedAnywhere(t *testing.T) {
	t.Parallel()
	file, dumps := small(t)
	last := 0
	for n := range len(file) + 1 {
		// Inside a crop every byte is like the next.
		if at := n % pageSize; at > 400 && at < pageSize-2 && n < len(file)-2 && n%97 != 0 {
			continue
		}
		disk := diskWith(file[:n])
		s, err := Open(testDir, testOptions(disk))
		if n < headerSize {
			wantError(t, err, ErrCorrupt, testDir)
			continue
		}
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		// Each action of the scenario is one record.
		at := int(s.seq)
		if at < last || dump(s) != dumps[at] {
			t.Fatalf("cut at %d: after %d records it holds\n%s\nwant\n%s", n, at, dump(s), dumps[at])
		}
		last = at
		if torn := s.Torn(); torn != nil {
			aside := disk.names[torn.Path]
			if aside == nil || !bytes.Equal(aside.data, file[torn.Offset:n]) || torn.Bytes != int64(len(aside.data)) {
				t.Fatalf("cut at %d: %+v was not set aside", n, torn)
			}
		} else if len(bytes.Trim(file[s.end:n], "\x00")) > 0 {
			t.Fatalf("cut at %d: bytes behind %d are gone", n, s.end)
		}
	}
	if last != len(dumps)-1 {
		t.Fatalf("the whole file holds %d records of %d", last, len(dumps)-1)
	}
}

// Every byte flipped is noticed or changes nothing.
func TestEveryByteFlipped(t *testing.T) {
	t.Parallel()
	file, dumps := small(t)
	files := []struct {
		name, want string
		file       []byte
	}{{name: "log", file: file, want: dumps[len(dumps)-1]}}
	file, want := compacted(t)
	files = append(files, struct {
		name, want string
		file       []byte
	}{"compacted", want, file})
	for _, f := range files {
		name, want, file := f.name, f.want, f.file
		t.Run(name, func(t *testing.T) {
			var corrupt, torn, crops, harmless int
			for i := range file {
				if at := i % pageSize; at > 400 && i%31 != 0 {
					continue
				}
				bad := slices.Clone(file)
				bad[i] ^= 1 << (i % 8)
				opt := testOptions(diskWith(bad))
				s, err := Open(testDir, opt)
				if err != nil {
					if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), testDir) {
						t.Fatalf("byte %d: %v", i, err)
					}
					corrupt++
					opt.ReadOnly = true
					if _, err := Open(testDir, opt); !errors.Is(err, ErrCorrupt) {
						t.Fatalf("byte %d: read-only: %v", i, err)
					}
					continue
				}
				got := dump(s)
				switch {
				case s.Torn() != nil:
					torn++
				case got == want:
					harmless++
				case strings.Contains(cropErrors(s), "fails its checksum"):
					crops++
				default:
					t.Fatalf("byte %d: flipped unnoticed:\n%s\nwant\n%s", i, got, want)
				}
			}
			t.Logf("%d corrupt, %d torn, %d crops damaged, %d harmless", corrupt, torn, crops, harmless)
			if corrupt == 0 || torn == 0 || crops == 0 {
				t.Error("some kind of damage was never seen")
			}
		})
	}
}

func cropErrors(s *Set) string {
	var b strings.Builder
	for _, e := range append(s.Shots(""), s.Negatives()...) {
		if _, err := s.Crop(e.ID); errors.Is(err, ErrCorrupt) {
			fmt.Fprintln(&b, err)
		}
	}
	return b.String()
}

// A damaged store is left as it is, to the byte and to the file.
func TestDamageIsLeftAlone(t *testing.T) {
	file, _ := small(t)
	bad := slices.Clone(file)
	bad[pageSize+50] ^= 1
	disk := diskWith(bad)
	_, err := Open(testDir, testOptions(disk))
	wantError(t, err, ErrCorrupt, testDir+"/"+fileName, "offset 4096", "checksum")
	if disk.ops != 0 {
		t.Errorf("%d operations on a damaged store: %v", disk.ops, disk.kinds)
	}
	// The refused open has given the lock back.
	_, err = Open(testDir, testOptions(disk))
	wantError(t, err, ErrCorrupt)
}

// A damaged picture costs the picture, not the shot, and a compaction passes
// it on as it is.
func TestDamagedCrop(t *testing.T) {
	disk := newMemFS()
	s := openMem(t, disk)
	for n := range uint64(3) {
		if err := add(s, "cup", n, 5000); err != nil {
			t.Fatal(err)
		}
	}
	at := s.state.ways[0].shots[1].crop
	data := slices.Clone(disk.names[testDir+"/"+fileName].data)
	data[at+17] ^= 0x40
	disk.names[testDir+"/"+fileName].data = data
	for range 2 {
		_, err := s.Crop(2)
		wantError(t, err, ErrCorrupt, "offset", "shot 2")
		if b := must(s.Crop(1))(t); !bytes.Equal(b, crop(5000, 0)) {
			t.Error("the crop beside it is not what was given")
		}
		if err := s.compact(); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	s = openMem(t, disk)
	wantClasses(t, s, "cup:3")
	_, err := s.Crop(2)
	wantError(t, err, ErrCorrupt)
}

func TestVersions(t *testing.T) {
	file, dumps := small(t)
	reheader := func(edit func(b []byte)) []byte {
		b := slices.Clone(file)
		edit(b)
		binary.LittleEndian.PutUint32(b[60:], checksum(b[:60]))
		return b
	}
	t.Run("major", func(t *testing.T) {
		for _, ro := range []bool{false, true} {
			opt := testOptions(diskWith(reheader(func(b []byte) { b[12] = major + 1 })))
			opt.ReadOnly = ro
			_, err := Open(testDir, opt)
			wantError(t, err, ErrVersion, fmt.Sprintf("%d.%d", major+1, minor), testDir)
		}
	})
	t.Run("minor", func(t *testing.T) {
		opt := testOptions(diskWith(reheader(func(b []byte) { b[14] = minor + 1 })))
		_, err := Open(testDir, opt)
		wantError(t, err, ErrVersion, fmt.Sprintf("%d.%d", major, minor+1), "can only be read")
		opt.ReadOnly = true
		if got := dump(must(Open(testDir, opt))(t)); got != dumps[len(dumps)-1] {
			t.Errorf("read-only it holds\n%s", got)
		}
	})
	t.Run("text mode", func(t *testing.T) {
		_, err := Open(testDir, testOptions(diskWith(bytes.Replace(file, []byte("\r\n"), []byte("\n"), 1))))
		wantError(t, err, ErrCorrupt, "line ends")
	})
	t.Run("other file", func(t *testing.T) {
		_, err := Open(testDir, testOptions(diskWith(bytes.Repeat([]byte("hello"), 100))))
		wantError(t, err, ErrCorrupt, "not a file of shots")
	})
	t.Run("record", func(t *testing.T) {
		disk := newMemFS()
		s := openMem(t, disk)
		if err := add(s, "cup", 1, 10); err != nil {
			t.Fatal(err)
		}
		rec := appendChange(nil, kindTakeBack+1, s.id, s.seq+1, change{})
		if err := s.commit(rec); err != nil {
			t.Fatal(err)
		}
		s.Close()
		_, err := Open(testDir, testOptions(disk))
		wantError(t, err, ErrVersion, "offset 8192", "kind 16")

		// Marked as optional it is passed over.
		node := disk.names[testDir+"/"+fileName]
		b := node.data[2*pageSize:]
		b[5] = optional
		binary.LittleEndian.PutUint32(b[36:], checksum(b[:36]))
		wantClasses(t, openMem(t, disk), "cup:1")
	})
}

// Records that pass every checksum and make no sense together are damage too.
func TestNonsense(t *testing.T) {
	shot := func(id uint64, class string) func(b []byte, file, seq uint64) []byte {
		return func(b []byte, file, seq uint64) []byte {
			e := &entry{id: id, at: clock()(), embedding: vector(testDim, id), fingerprint: printA}
			return appendShot(b, kindShot, file, seq, class, e, nil, 0)
		}
	}
	kept := func(id uint64, class string) func(b []byte, file, seq uint64) []byte {
		return func(b []byte, file, seq uint64) []byte {
			e := &entry{id: id, at: clock()(), embedding: vector(testDim, id), fingerprint: printA}
			return appendShot(b, kindKept, file, seq, class, e, nil, 0)
		}
	}
	chg := func(c change) func(b []byte, file, seq uint64) []byte {
		return func(b []byte, file, seq uint64) []byte {
			c.at = clock()()
			return appendChange(b, c.kind, file, seq, c)
		}
	}
	bas := func(next uint64, shots uint32, names ...string) func(b []byte, file, seq uint64) []byte {
		return func(b []byte, file, seq uint64) []byte {
			v := base{nextID: next, shots: shots}
			for _, n := range names {
				v.ways = append(v.ways, &way{name: n, created: clock()()})
			}
			return appendBase(b, file, seq, v)
		}
	}
	negative := func(k kind, id uint64, class string) func(b []byte, file, seq uint64) []byte {
		return func(b []byte, file, seq uint64) []byte {
			e := &entry{id: id, at: clock()(), embedding: vector(testDim, id), fingerprint: printA}
			return appendShot(b, k, file, seq, class, e, nil, 0)
		}
	}
	skip := func(b []byte, file, seq uint64) []byte {
		return appendChange(b, kindForget, file, seq+1, change{at: clock()()})
	}
	type record = func(b []byte, file, seq uint64) []byte
	for _, c := range []struct {
		name    string
		records []record
		say     string
	}{
		{"remove of nothing", []record{chg(change{kind: kindRemove, id: 7})}, "shot 7"},
		{"move of nothing", []record{chg(change{kind: kindMove, id: 7, class: "a"})}, "shot 7"},
		{"rename of nothing", []record{chg(change{kind: kindRename, class: "a", into: "b"})}, `class "a"`},
		{"merge into nothing", []record{shot(1, "a"), chg(change{kind: kindMerge, class: "a", into: "b"})}, `class "b"`},
		{"forget of nothing", []record{chg(change{kind: kindForget, class: "a"})}, `class "a"`},
		{"short rule", []record{func(b []byte, file, seq uint64) []byte {
			b = append(b, make([]byte, recordSize+ruleSize-1)...)
			seal(b, kindRule, file, seq, ruleSize-1)
			return b
		}}, "too short"},
		{"rule of nonsense", []record{func(b []byte, file, seq uint64) []byte {
			return appendRule(b, file, seq, clock()(), Rule{FalseReject: math.NaN()})
		}}, "share of NaN"},
		{"undo of nothing", []record{chg(change{kind: kindUndo, id: 1})}, "undo"},
		{"undo of another", []record{shot(1, "a"), shot(2, "a"), chg(change{kind: kindUndo, id: 1})}, "undo"},
		{"negative of a class", []record{negative(kindNegative, 1, "a")}, "of class"},
		{"negative twice", []record{negative(kindNegative, 1, ""), negative(kindNegative, 1, "")}, "shot 1 follows"},
		{"shot after a later negative", []record{negative(kindNegative, 2, ""), shot(1, "a")}, "shot 1 follows"},
		{"shot without a class", []record{negative(kindShot, 1, "")}, "empty"},
		{"drop of nothing", []record{chg(change{kind: kindDrop, id: 1})}, "negative 1"},
		{"drop of a shot", []record{shot(1, "a"), chg(change{kind: kindDrop, id: 1})}, "negative 1"},
		{"remove of a negative", []record{negative(kindNegative, 1, ""), chg(change{kind: kindRemove, id: 1})}, "shot 1"},
		{"undo of a negative", []record{negative(kindNegative, 1, ""), chg(change{kind: kindUndo, id: 1})}, "another kind of undo"},
		{"shot taken back likewise", []record{shot(1, "a"), chg(change{kind: kindTakeBack, id: 1})}, "another kind of undo"},
		{"kept negative for nothing", []record{negative(kindKeptNegative, 1, "")}, "negative 1"},
		{"kept negative twice", []record{bas(9, 1, "a"), kept(1, "a"), negative(kindKeptNegative, 1, "")}, "negative 1"},
		{"kept negative later than any", []record{bas(2, 1, "a"), kept(1, "a"), negative(kindKeptNegative, 2, "")}, "negative 2"},
		{"kept negative among changes", []record{bas(9, 1, "a"), kept(1, "a"), shot(10, "a"), negative(kindKeptNegative, 2, "")}, "too late"},
		{"kept negative before the shots", []record{bas(9, 1, "a"), negative(kindKeptNegative, 2, ""), kept(1, "a")}, "1 shots"},
		{"same shot twice", []record{shot(1, "a"), shot(1, "a")}, "shot 1"},
		{"shot 0", []record{shot(0, "a")}, "number 0"},
		{"bad name", []record{shot(1, "a/b")}, "separates"},
		{"bad new name", []record{shot(1, "a"), chg(change{kind: kindRename, class: "a", into: "unknown"})}, "unknown"},
		{"a record left out", []record{shot(1, "a"), skip}, "missing"},
		{"late base", []record{shot(1, "a"), bas(9, 1, "b"), kept(2, "b")}, "not the first"},
		{"class twice", []record{bas(9, 2, "a", "a"), kept(1, "a"), kept(2, "a")}, "twice"},
		{"kept twice", []record{bas(9, 2, "a"), kept(1, "a"), kept(1, "a")}, "twice"},
		{"kept later than any", []record{bas(2, 1, "a"), kept(2, "a")}, "never taken"},
		{"kept elsewhere", []record{bas(9, 1, "a"), kept(1, "b")}, "unlisted"},
		{"kept for nothing", []record{kept(1, "a")}, "base"},
		{"kept too few", []record{bas(9, 2, "a"), kept(1, "a")}, "1 shots"},
		{"kept too few, then more", []record{bas(9, 2, "a"), kept(1, "a"), shot(10, "a")}, "1 shots"},
		{"empty class", []record{bas(9, 1, "a", "b"), kept(1, "a")}, `"b" has no shot`},
		{"classes without shots", []record{bas(9, 0, "a")}, "0 shots"},
	} {
		t.Run(c.name, func(t *testing.T) {
			const id = 42
			file := encodeHeader(id)
			for i, r := range c.records {
				file = append(file, make([]byte, nextPage(int64(len(file)))-int64(len(file)))...)
				file = append(file, r(nil, id, uint64(i+1))...)
			}
			disk := diskWith(file)
			_, err := Open(testDir, testOptions(disk))
			wantError(t, err, ErrCorrupt, testDir, c.say)
			if disk.ops > 0 {
				t.Errorf("it was written to: %v", disk.kinds)
			}
		})
	}
}

func TestBadEmbeddingInFile(t *testing.T) {
	for name, e := range map[string]embed.Embedding{"zero": make(embed.Embedding, 4), "inf": {inf, 1, 1, 1}, "nan": {nan, 1, 1, 1}} {
		file := append(encodeHeader(1), make([]byte, pageSize-headerSize)...)
		file = appendShot(file, kindShot, 1, 1, "a", &entry{id: 1, at: clock()(), embedding: e}, nil, 0)
		_, err := Open(testDir, Options{FS: diskWith(file)})
		wantError(t, err, ErrCorrupt, "embedding", "shot 1")
		_ = name
	}
}

// passing gives a file the checksums that let it through: they keep a fuzzer
// out.
func passing(file []byte) []byte {
	file = slices.Clone(file)
	if len(file) < headerSize {
		return file
	}
	copy(file, encodeHeader(binary.LittleEndian.Uint64(file[16:])))
	for off := pageSize; off+recordSize <= len(file); off += pageSize {
		b := file[off:]
		if meta := int(binary.LittleEndian.Uint32(b[24:])); binary.LittleEndian.Uint32(b) == recordMark && meta <= len(b)-recordSize {
			binary.LittleEndian.PutUint32(b[32:], checksum(b[recordSize:recordSize+meta]))
			binary.LittleEndian.PutUint32(b[36:], checksum(b[:36]))
		}
	}
	return file
}

func FuzzOpen(f *testing.F) {
	file, _ := small(f)
	f.Add(file)
	f.Add(file[:len(file)/2])
	more, _ := compacted(f)
	f.Add(more)
	f.Add(encodeHeader(1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 1<<18 {
			return
		}
		file = passing(file)
		disk := diskWith(file)
		s, err := Open(testDir, Options{FS: disk, Fingerprint: printA, Now: clock()})
		if err != nil {
			for _, is := range []error{ErrCorrupt, ErrVersion, ErrModelMismatch} {
				if errors.Is(err, is) {
					return
				}
			}
			t.Fatal(err)
		}
		q := vector(testDim, 1)
		if ways := s.Ways(); len(ways) > 0 {
			q = s.Shots("")[0].Embedding
		}
		s.Answer(nil, q)
		dump(s)
		if _, err := s.Add("after", q, []byte("crop"), "", clock()()); err != nil {
			t.Fatal(err)
		}
		want := dump(s)
		s.Close()
		if s, err = Open(testDir, Options{FS: disk, Fingerprint: printA, Now: clock()}); err != nil {
			t.Fatal(err)
		}
		if got := dump(s); got != want {
			t.Fatalf("opened again it holds\n%s\nwant\n%s", got, want)
		}
	})
}
