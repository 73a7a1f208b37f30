package support

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// repairable is a store to damage: its bytes, what a person sees in it, and its
// records.
type repairable struct {
	name    string
	file    []byte
	want    string
	records []remnant
}

func repairables(t testing.TB) []repairable {
	t.Helper()
	file, dumps := small(t)
	all := []repairable{{name: "log", file: file, want: dumps[len(dumps)-1]}}
	file, want := compacted(t)
	all = append(all, repairable{name: "compacted", file: file, want: want})
	for i := range all {
		all[i].records = recordsOf(all[i].file)
	}
	return all
}

func recordsOf(file []byte) []remnant {
	return remnants(&memFile{fs: newMemFS(), node: &inode{data: file}}, int64(len(file)))
}

// numbers are those of the records that can be found in a damaged file, wherever
// they went.
func numbers(file []byte) map[uint64]bool {
	seqs := make(map[uint64]bool)
	for _, m := range recordsOf(file) {
		seqs[m.head.seq] = true
	}
	return seqs
}

// ofNone stands for a negative where shots stand by their class.
const ofNone = "(nothing)"

// expected is where the shots are, by those of the records whose numbers are
// given, worked out with maps.
func expected(records []remnant, there map[uint64]bool) map[uint64]string {
	type record struct {
		seq uint64
		change
	}
	var stack, changes []record
	undone := make(map[uint64]bool)
	for _, m := range records {
		if !there[m.head.seq] {
			continue
		}
		c := record{seq: m.head.seq}
		switch m.head.kind {
		case kindBase, kindRule, kindEmbeddings:
			continue
		case kindShot, kindKept, kindNegative, kindKeptNegative:
			class, e, _, err := decodeAny(m.head.kind, m.meta)
			if err != nil {
				panic(err)
			}
			class = cmp.Or(class, ofNone)
			c.change = change{kind: m.head.kind, id: e.id, class: class}
		default:
			c.change, _ = decodeChange(m.head.kind, m.meta)
		}
		if c.kind.undoes() {
			for len(stack) > 0 && stack[len(stack)-1].seq >= c.id {
				undone[stack[len(stack)-1].seq] = true
				stack = stack[:len(stack)-1]
			}
			continue
		}
		if !c.kind.kept() {
			stack = append(stack, c)
		}
		changes = append(changes, c)
	}
	in := make(map[uint64]string)
	has := func(class string) bool { return slices.Contains(slices.Collect(maps.Values(in)), class) }
	all := func(from, into string) {
		for id, class := range in {
			if class == from {
				in[id] = into
			}
		}
	}
	for _, c := range changes {
		if undone[c.seq] {
			continue
		}
		switch c.kind {
		case kindShot, kindKept, kindNegative, kindKeptNegative:
			in[c.id] = c.class
		case kindRemove, kindDrop:
			delete(in, c.id)
		case kindMove:
			if in[c.id] != "" {
				in[c.id] = c.class
			}
		case kindRename:
			if has(c.class) && has(c.into) {
				all(c.into, c.into+" 2")
			}
			all(c.class, c.into)
		case kindMerge:
			all(c.class, c.into)
		case kindForget:
			maps.DeleteFunc(in, func(_ uint64, class string) bool { return class == c.class })
		}
	}
	return in
}

// membership is every shot's class.
func membership(s *Set) map[uint64]string {
	in := make(map[uint64]string)
	for _, shot := range slices.Concat(s.Shots(""), s.Negatives()) {
		in[shot.ID] = cmp.Or(shot.Class, ofNone)
	}
	return in
}

// wantRepaired repairs a store and checks what comes out: it opens, it holds
// exactly the given shots with what belongs to them, and the damaged file is
// still there, to the byte.
func wantRepaired(t *testing.T, how string, bad []byte, records []remnant, want map[uint64]string) Salvage {
	t.Helper()
	disk := diskWith(bad)
	opt := Options{FS: disk, Now: clock()}
	seen, err := Inspect(testDir, opt)
	if err != nil || disk.ops > 0 {
		t.Fatalf("%s: inspect: %v, %v", how, err, disk.kinds)
	}
	got, err := Repair(testDir, opt)
	if err != nil {
		t.Fatalf("%s: repair: %v", how, err)
	}
	if got.Whole {
		t.Fatalf("%s: the damage went unseen", how)
	}
	if !bytes.Equal(disk.names[got.Kept].data, bad) {
		t.Fatalf("%s: the damaged file is not what it was", how)
	}
	if seen.Kept = got.Kept; fmt.Sprint(seen) != fmt.Sprint(got) {
		t.Fatalf("%s: inspected it was %+v, repaired %+v", how, seen, got)
	}
	if len(got.Damage) == 0 && got.Missing == 0 && len(got.Lost) == 0 {
		t.Fatalf("%s: nothing is said to be wrong", how)
	}
	there := numbers(bad)
	for _, m := range records {
		// What is whole in its place is found, whatever lies before it.
		if end := m.off + recordSize + int64(len(m.meta)); end <= int64(len(bad)) && bytes.Equal(bad[m.off+recordSize:end], m.meta) {
			if h, err := decodeHead(bad[m.off:], m.file); err == nil && h == m.head && !there[h.seq] {
				t.Fatalf("%s: record %d is whole and was not found", how, h.seq)
			}
		}
	}
	s, err := Open(testDir, testOptions(disk))
	if err != nil {
		t.Fatalf("%s: open the repaired store: %v (%+v)", how, err, got)
	}
	defer s.Close()
	if in := membership(s); !maps.Equal(in, want) {
		t.Fatalf("%s: it holds %v, want %v (%+v)", how, in, want, got)
	}
	if s.Len() != got.Shots || len(s.Negatives()) != got.Negatives || len(s.Ways()) != got.Classes || s.Torn() != nil {
		t.Fatalf("%s: %d shots in %d classes, %v torn, and said was %+v", how, s.Len(), len(s.Ways()), s.Torn(), got)
	}
	for _, l := range got.Lost {
		if want[l.ID] != "" {
			t.Fatalf("%s: shot %d is there and said to be lost", how, l.ID)
		}
	}
	last := uint64(0)
	for seq := range there {
		last = max(last, seq)
	}
	for _, m := range records {
		if !m.head.kind.picture() {
			continue
		}
		class, e, floats, err := decodeAny(m.head.kind, m.meta)
		if err != nil {
			t.Fatal(err)
		}
		// Of records behind the last that is found nothing tells.
		if e.id >= s.nextID && m.head.seq < last {
			t.Fatalf("%s: there was a shot %d and the next is %d", how, e.id, s.nextID)
		}
		if want[e.id] == "" {
			continue
		}
		if err := e.decode(floats); err != nil {
			t.Fatal(err)
		}
		if shot := s.state.picture(e.id); !slices.Equal(shot.embedding, e.embedding) || shot.source != e.source || !shot.at.Equal(e.at) {
			t.Fatalf("%s: shot %d of %s is not what it was", how, e.id, class)
		}
		lost := slices.ContainsFunc(got.Crops, func(l LostShot) bool { return l.ID == e.id && cmp.Or(l.Class, ofNone) == want[e.id] })
		b, err := s.Crop(e.id)
		whole := bytes.Contains(bad, appendShot(nil, m.head.kind, m.file, m.head.seq, class, e, cropOf(m, e), e.cropCRC))
		switch {
		case m.head.crop == 0:
		case whole == lost:
			t.Fatalf("%s: the picture of shot %d is whole: %v, said to be lost: %v", how, e.id, whole, lost)
		case lost && !errors.Is(err, ErrNotFound):
			t.Fatalf("%s: the lost picture of shot %d is %v", how, e.id, err)
		case !lost && (err != nil || checksum(b) != e.cropCRC):
			t.Fatalf("%s: the picture of shot %d: %v", how, e.id, err)
		}
	}
	if again, err := Inspect(testDir, opt); err != nil || !again.Whole {
		t.Fatalf("%s: repaired it is %+v, %v", how, again, err)
	}
	return got
}

// cropOf is the picture of a shot that add made.
func cropOf(m remnant, e *entry) []byte {
	var n uint64
	fmt.Sscanf(e.source, "picture %d", &n)
	return crop(int(m.head.crop), n)
}

// opens says whether a store can be opened and all its pictures are whole: what
// is bad about it was in flight, or is garbage.
func opens(bad []byte) bool {
	got, err := Inspect(testDir, Options{FS: diskWith(bad)})
	return err == nil && got.Whole
}

// A damaged page, however it is damaged, costs what was on it and nothing else.
func TestRepairEveryPage(t *testing.T) {
	t.Parallel()
	for _, r := range repairables(t) {
		pages := (len(r.file) + pageSize - 1) / pageSize
		page := func(b []byte, i int) []byte { return b[i%pages*pageSize : min((i%pages+1)*pageSize, len(b))] }
		for name, damage := range map[string]func(bad []byte, i int){
			"zeros":     func(bad []byte, i int) { clear(page(bad, i)) },
			"random":    func(bad []byte, i int) { copy(page(bad, i), crop(pageSize, uint64(i))) },
			"another's": func(bad []byte, i int) { copy(page(bad, i), page(r.file, i+3)) },
			"swapped": func(bad []byte, i int) {
				copy(page(bad, i), page(r.file, i+1))
				copy(page(bad, i+1), page(r.file, i))
			},
			"many": func(bad []byte, i int) {
				for j := i; j < pages; j += 5 {
					clear(page(bad, j))
				}
			},
		} {
			checked := 0
			for i := range pages {
				bad := slices.Clone(r.file)
				damage(bad, i)
				if opens(bad) {
					continue
				}
				checked++
				wantRepaired(t, fmt.Sprintf("%s: page %d: %s", r.name, i, name), bad, r.records, expected(r.records, numbers(bad)))
			}
			if checked < pages/2 {
				t.Errorf("%s: %s: only %d of %d pages checked", r.name, name, checked, pages)
			}
		}
	}
}

// A damaged byte likewise. Flipping one of the zeros behind a record is no
// damage, and in the last record it looks like a shot in flight.
func TestRepairEveryByte(t *testing.T) {
	t.Parallel()
	for _, r := range repairables(t) {
		checked := 0
		for i := range r.file {
			if at := i % pageSize; at > recordSize && i%41 != 0 {
				continue
			}
			bad := slices.Clone(r.file)
			bad[i] ^= 1 << (i % 8)
			if opens(bad) {
				continue
			}
			checked++
			wantRepaired(t, fmt.Sprintf("%s: byte %d", r.name, i), bad, r.records, expected(r.records, numbers(bad)))
		}
		if checked < (len(r.records)-1)*recordSize {
			t.Errorf("%s: only %d bytes checked", r.name, checked)
		}
	}
}

// Long lives, much damage: whatever it is, what is found is saved, in its class.
func TestRepairRandom(t *testing.T) {
	t.Parallel()
	rounds := 0
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 40))
		disk := newMemFS()
		s := openMem(t, disk)
		s.limit = 1 << 40
		if seed%3 == 0 {
			s.limit = smallLimit
		}
		for range 20 + r.IntN(150) {
			ways := s.Ways()
			class := fmt.Sprint("class ", r.IntN(6))
			some := class
			if len(ways) > 0 {
				some = ways[r.IntN(len(ways))].Class
			}
			id := uint64(r.IntN(int(s.nextID))) + 1
			var err error
			switch r.IntN(14) {
			default:
				err = add(s, class, s.nextID, r.IntN(2)*r.IntN(6000))
			case 0:
				err = s.Remove(id)
			case 1:
				err = s.Move(id, class)
			case 2:
				err = s.Rename(some, class)
			case 3:
				err = s.Merge(some, class)
			case 4:
				_, err = s.Forget(some)
			case 5, 6:
				_, err = s.Undo()
			case 7:
				err = addNegative(s, s.nextID, r.IntN(2)*r.IntN(6000))
			}
			if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrName) {
				t.Fatal(err)
			}
		}
		s.Close()
		file := disk.names[testDir+"/"+fileName].data
		records := recordsOf(file)
		for range 8 {
			bad := slices.Clone(file)
			for range 1 + r.IntN(4) {
				from := r.IntN(len(bad))
				to := min(from+1+r.IntN(2)*r.IntN(3*pageSize), len(bad))
				switch r.IntN(4) {
				case 0:
					clear(bad[from:to])
				case 1:
					copy(bad[from:to], crop(to-from, seed))
				case 2:
					bad[from] ^= byte(1 + r.IntN(255))
				case 3:
					copy(bad[from/pageSize*pageSize:], file[r.IntN(len(file))/pageSize*pageSize:][:min(pageSize, len(bad)-from/pageSize*pageSize)])
				}
			}
			if opens(bad) {
				continue
			}
			rounds++
			wantRepaired(t, fmt.Sprint("life ", seed), bad, records, expected(records, numbers(bad)))
		}
	}
	if rounds < 100 {
		t.Errorf("only %d stores were damaged", rounds)
	}
}

// What is told of a store with known damage.
func TestRepairTells(t *testing.T) {
	disk := newMemFS()
	s := openMem(t, disk)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := range uint64(3) { // 1, 2, 3: records 1 to 3, two pages each
		do(add(s, "cup", n, 5000))
	}
	do(add(s, "cat", 3, 5000)) // 4
	do(s.Move(2, "dog"))       // record 5
	do(s.SetRule(Rule{Head: LDA}))
	do(s.Rename("cat", "lion"))
	do(s.Rename("cup", "cat"))
	do(add(s, "cow", 4, 0)) // 5, record 9
	s.Close()
	file := disk.names[testDir+"/"+fileName].data
	off := map[int]int64{}
	for _, m := range recordsOf(file) {
		off[int(m.head.seq)] = m.off
	}
	at := func(seqs ...int) []byte {
		bad := slices.Clone(file)
		for _, seq := range seqs {
			bad[off[seq]+recordSize+1] ^= 1
		}
		return bad
	}
	broken := func(seq int) ByteRange {
		next := off[seq+1]
		return ByteRange{off[seq], next - off[seq], errMeta.Error()}
	}
	log := testDir + "/" + fileName
	for _, c := range []struct {
		name string
		bad  []byte
		want Salvage
	}{
		{"shot", at(3), Salvage{Shots: 4, Classes: 4, Lost: []LostShot{{ID: 3}}, Damage: []ByteRange{broken(3)}}},
		{"moved shot", at(2), Salvage{Shots: 4, Classes: 3, Lost: []LostShot{{2, "dog"}}, Damage: []ByteRange{broken(2)}}},
		{"shot of a class renamed since", at(4), Salvage{Shots: 4, Classes: 3, Lost: []LostShot{{ID: 4}}, Damage: []ByteRange{broken(4)}}},
		{"move", at(5), Salvage{Shots: 5, Classes: 3, Missing: 1, Damage: []ByteRange{broken(5)}}},
		{"rule", at(6), Salvage{Shots: 5, Classes: 4, Missing: 1, Damage: []ByteRange{broken(6)}}},
		{"rename that freed a name", at(7), Salvage{Shots: 5, Classes: 4, Missing: 1, Apart: []Apart{{"cat", "cat 2"}}, Damage: []ByteRange{broken(7)}}},
		{"several", at(3, 7), Salvage{Shots: 4, Classes: 4, Missing: 1, Lost: []LostShot{{ID: 3}}, Apart: []Apart{{"cat", "cat 2"}}, Damage: []ByteRange{broken(3), broken(7)}}},
		{"header", func() []byte { b := slices.Clone(file); b[20] ^= 1; return b }(), Salvage{Shots: 5, Classes: 4,
			Damage: []ByteRange{{0, pageSize, "the header fails its checksum"}}}},
		{"text mode", bytes.ReplaceAll(file, []byte("\r\n"), []byte("\n")), Salvage{Shots: 5, Classes: 4,
			Damage: []ByteRange{{0, pageSize, "line ends were changed, as by a copy in text mode"}, {headerSize, pageSize - 1 - headerSize, "bytes are missing"}}}},
		{"picture", func() []byte { b := slices.Clone(file); b[off[2]-3500] ^= 1; return b }(), Salvage{Shots: 5, Classes: 4,
			Crops: []LostShot{{1, "cat"}}, Damage: []ByteRange{{off[1] + int64(bytes.Index(file[off[1]:], crop(5000, 0))), 5000, errCrop.Error()}}}},
		{"header of another file", func() []byte { b := slices.Clone(file); copy(b, encodeHeader(7)); return b }(), Salvage{Shots: 5, Classes: 4,
			Damage: []ByteRange{{0, pageSize, "the header is another file's"}}}},
		{"cut to nothing", file[:40], Salvage{Damage: []ByteRange{{0, 40, "the header is cut off after 40 bytes"}}}},
		{"cut behind damage", at(2)[:off[4]+pageSize], Salvage{Shots: 3, Classes: 2, Lost: []LostShot{{ID: 2}}, Crops: []LostShot{{4, "cat"}},
			Damage: []ByteRange{broken(2), {off[4] + 2*pageSize - 3044 - 5000, 5000 + 3044 - pageSize, errBeyond.Error()}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Repair(testDir, Options{FS: diskWith(c.bad), Now: clock()})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(got.Kept, testDir+"/damaged-20260301T1200") || !strings.HasSuffix(got.Kept, "Z-0.log") {
				t.Errorf("the damaged file is at %s", got.Kept)
			}
			c.want.Path, c.want.Kept = log, got.Kept
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// The power goes in every operation of a repair, or that operation fails: the
// store is then the damaged one or the repaired one, the damaged bytes are
// there, and the repair can be done again.
func TestRepairCutAnywhere(t *testing.T) {
	t.Parallel()
	r := repairables(t)[1]
	bad := slices.Clone(r.file)
	bad[r.records[1].off+50] ^= 1
	bad[r.records[4].off+50] ^= 1
	log := testDir + "/" + fileName
	var want string
	check := func(how string, disk *memFS) (repaired bool) {
		t.Helper()
		if data := disk.names[log].data; !bytes.Equal(data, bad) {
			s, err := Open(testDir, Options{FS: disk, ReadOnly: true})
			if err != nil {
				t.Fatalf("%s: %v", how, err)
			}
			if got := dump(s); got != want {
				t.Fatalf("%s: it holds\n%s\nwant\n%s", how, got, want)
			}
			repaired = true
		}
		kept := !repaired || slices.ContainsFunc(disk.list(testDir+"/damaged-"), func(name string) bool { return bytes.Equal(disk.names[name].data, bad) })
		if !kept {
			t.Fatalf("%s: the damaged file is gone", how)
		}
		got, err := Repair(testDir, Options{FS: disk, Now: clock()})
		if err != nil || got.Whole != repaired {
			t.Fatalf("%s: again: %+v, %v", how, got, err)
		}
		if got := dump(openMem(t, disk)); got != want {
			t.Fatalf("%s: repaired again it holds\n%s\nwant\n%s", how, got, want)
		}
		return repaired
	}
	for _, links := range []bool{true, false} {
		start := func() (*memFS, FS) {
			disk := diskWith(bad)
			disk.safe = maps.Clone(disk.names)
			if links {
				return disk, disk
			}
			return disk, unlinked{disk}
		}
		disk, fsys := start()
		if _, err := Repair(testDir, Options{FS: fsys, Now: clock()}); err != nil {
			t.Fatal(err)
		}
		ops := disk.ops
		want = dump(openMem(t, disk))
		images, repaired := 0, 0
		for n := 1; n <= ops; n++ {
			disk, fsys := start()
			disk.cutAt = n
			if _, err := Repair(testDir, Options{FS: fsys, Now: clock()}); !errors.Is(err, errPower) {
				t.Fatalf("operation %d: %v", n, err)
			}
			disk.crashes(func(how string, disk *memFS) {
				images++
				if check(fmt.Sprintf("operation %d: %s", n, how), disk) {
					repaired++
				}
			})
			for _, failure := range []error{syscall.EIO, syscall.ENOSPC, syscall.EROFS} {
				disk, fsys := start()
				disk.failAt, disk.failure = n, failure
				got, err := Repair(testDir, Options{FS: fsys, Now: clock()})
				if err != nil && !errors.Is(err, failure) || err == nil && !slices.Equal(disk.failed, []string{"link"}) {
					t.Fatalf("operation %d (%v) fails: %+v, %v", n, disk.failed, got, err)
				}
				if err != nil && errors.Is(failure, syscall.EROFS) {
					wantError(t, err, ErrReadOnly, testDir)
				}
				disk.failAt = 0
				check(fmt.Sprintf("operation %d fails", n), disk)
			}
		}
		if images < 3*ops || repaired == 0 {
			t.Errorf("links %v: %d disks, %d of them repaired", links, images, repaired)
		}
	}
}

// unlinked is a disk like a memory card's, where a file has one name.
type unlinked struct{ *memFS }

func (unlinked) Link(_, name string) error {
	return &fs.PathError{Op: "link", Path: name, Err: syscall.EPERM}
}

// unreadable is a disk with pages that cannot be read.
type unreadable struct {
	*memFS
	bad []int64
}

func (u unreadable) Open(name string) (File, error) {
	f, err := u.memFS.Open(name)
	return unreadableFile{f, u.bad}, err
}

type unreadableFile struct {
	File
	bad []int64
}

func (f unreadableFile) ReadAt(b []byte, off int64) (int, error) {
	for _, page := range f.bad {
		if off < (page+1)*pageSize && off+int64(len(b)) > page*pageSize {
			return 0, syscall.EIO
		}
	}
	return f.File.ReadAt(b, off)
}

// A page that the disk cannot read costs what is on it.
func TestRepairUnreadable(t *testing.T) {
	r := repairables(t)[0]
	for page := range int64(len(r.file)) / pageSize {
		disk := diskWith(r.file)
		zero := slices.Clone(r.file)
		clear(zero[page*pageSize:][:pageSize])
		got, err := Repair(testDir, Options{FS: unreadable{disk, []int64{page}}, Now: clock()})
		if err != nil || got.Whole {
			t.Fatalf("page %d: %+v, %v", page, got, err)
		}
		if in, want := membership(openMem(t, disk)), expected(r.records, numbers(zero)); !maps.Equal(in, want) {
			t.Fatalf("page %d: it holds %v, want %v", page, in, want)
		}
	}
}

func TestRepairRefuses(t *testing.T) {
	r := repairables(t)[0]
	bad := slices.Clone(r.file)
	bad[r.records[1].off+50] ^= 1

	for _, do := range []func(string, Options) (Salvage, error){Inspect, Repair} {
		disk := newMemFS()
		_, err := do("/nothing/here", Options{FS: disk})
		wantError(t, err, ErrNotFound, "/nothing/here")
		if disk.ops > 0 || len(disk.locks) > 0 {
			t.Error("it left something where there is no store")
		}
	}

	// Nothing is done to a whole store, torn or not.
	for _, file := range [][]byte{r.file, r.file[:len(r.file)-20]} {
		disk := diskWith(file)
		got, err := Repair(testDir, Options{FS: disk})
		if err != nil || !got.Whole || got.Kept != "" || disk.ops > 0 {
			t.Errorf("a whole store: %+v, %v, %v", got, err, disk.kinds)
		}
	}

	disk := diskWith(bad)
	release, _, err := disk.Lock(testDir + "/" + lockName)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Repair(testDir, Options{FS: disk})
	wantError(t, err, ErrLocked, "process 4711")
	if got, err := Inspect(testDir, Options{FS: disk}); err != nil || got.Whole {
		t.Errorf("to look needs no lock: %+v, %v", got, err)
	}
	release(true)

	// What a newer program wrote is not for us to leave out.
	header := func(edit func(b []byte)) []byte {
		b := slices.Clone(bad)
		edit(b)
		binary.LittleEndian.PutUint32(b[60:], checksum(b[:60]))
		return b
	}
	newer := slices.Clone(bad)
	b := newer[r.records[3].off:]
	b[4] = 200
	binary.LittleEndian.PutUint32(b[36:], checksum(b[:36]))
	for name, file := range map[string][]byte{
		"major": header(func(b []byte) { b[12]++ }), "minor": header(func(b []byte) { b[14] = minor + 1 }), "record": newer,
	} {
		disk := diskWith(file)
		_, err := Repair(testDir, Options{FS: disk})
		wantError(t, err, ErrVersion)
		if disk.ops > 0 {
			t.Errorf("%s: written to", name)
		}
	}
}

// Whoever adds a kind of record says what a repair makes of it.
func TestRepairKnowsEveryKind(t *testing.T) {
	at := clock()()
	made := make(map[kind]bool)
	for k := kind(1); k.known(); k++ {
		var rec []byte
		switch k {
		case kindBase:
			rec = appendBase(nil, 1, 1, base{nextID: 1})
		case kindShot, kindKept:
			rec = appendShot(nil, k, 1, 1, "a", &entry{id: 1, at: at, embedding: vector(testDim, 1)}, nil, 0)
		case kindRule:
			rec = appendRule(nil, 1, 1, at, Rule{Head: LDA})
		case kindEmbeddings:
			rec, _ = appendEmbeddings(nil, 1, 1, at, printB, nil)
		case kindNegative, kindKeptNegative:
			rec = appendShot(nil, k, 1, 1, "", &entry{id: 1, at: at, embedding: vector(testDim, 1)}, nil, 0)
		case kindRemove, kindMove, kindRename, kindMerge, kindForget, kindUndo, kindDrop, kindTakeBack:
			rec = appendChange(nil, k, 1, 1, change{at: at, id: 1, class: "a", into: "b"})
		}
		p := newReplay(&repairer{})
		p.parse(recordsOf(rec))
		made[k] = p.present[1]
		if !made[k] {
			t.Errorf("a repair makes nothing of records of kind %d: %+v", k, p.r.Damage)
		}
	}
}

// Arbitrary bytes are repaired to a store that opens, and kept.
func FuzzRepair(f *testing.F) {
	for _, r := range repairables(f) {
		f.Add(r.file, uint16(0))
		f.Add(r.file[:len(r.file)/2], uint16(7))
		f.Add(slices.Concat(r.file[:pageSize], r.file[3*pageSize:]), uint16(9))
	}
	f.Add([]byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, file []byte, flip uint16) {
		if len(file) > 1<<18 {
			return
		}
		file = passing(file)
		if len(file) > 0 {
			file[int(flip)%len(file)] ^= 1
		}
		disk := diskWith(file)
		got, err := Repair(testDir, Options{FS: disk, Now: clock()})
		if errors.Is(err, ErrVersion) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if !got.Whole && !bytes.Equal(disk.names[got.Kept].data, file) {
			t.Fatal("the damaged file is not what it was")
		}
		s, err := Open(testDir, Options{FS: disk, Now: clock()})
		if err != nil {
			t.Fatalf("%v after %+v", err, got)
		}
		if s.Len() != got.Shots || len(s.Negatives()) != got.Negatives {
			t.Fatalf("it holds %d shots, %d negatives after %+v", s.Len(), len(s.Negatives()), got)
		}
		dump(s)
		s.Close()
		if again, err := Inspect(testDir, Options{FS: disk}); err != nil || !again.Whole {
			t.Fatalf("repaired it is %+v, %v", again, err)
		}
	})
}

// repaired damages a set's header and returns the set that Repair makes of it.
func repaired(t *testing.T, disk *memFS, s *Set) (*Set, Salvage) {
	t.Helper()
	s.Close()
	log := disk.names[testDir+"/"+fileName]
	log.data = slices.Clone(log.data)
	log.data[3] ^= 1
	r := must(Repair(testDir, Options{FS: disk, Now: clock()}))(t)
	return must(Open(testDir, Options{FS: disk}))(t), r
}
