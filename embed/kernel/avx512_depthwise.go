//go:build amd64 && !purego

package kernel

import (
	"slices"
	"unsafe"
)

// vnni512Depthwise computes two rows of the output at a time, in blocks of 64
// or 16 channels. It first gathers what they see into vectors that have four
// elements of each channel, each vector once for all pixels that look at it; a
// tap is then such a vector times the weights of each row.
type vnni512Depthwise struct {
	Geometry
	exact  bool
	lo, hi uint8

	blocks []vnni512Block
	sweeps [2]*vnni512Sweep // of blocks of 64 and of 16 channels
	weight []uint8          // [blocks]{bias, mult [channels]int32; [tap][row][channels][4]int8}
	width  int              // pixels of a row that are computed together
	most   int              // blocks that are computed together
	parts  []Part

	// Too few channels or pixels for what a kernel stores: it stores into
	// scratch.
	narrow bool
}

// vnni512Block is channels that a kernel computes at a time. The last block
// may compute again some that the one before it has.
type vnni512Block struct {
	c, first int // the first that is its own, and that it computes
	sweep    int
	weight   int // where its weights are
}

// vnni512Sweep is how a kernel goes over a row. A block of 64 may also be
// several pixels of fewer channels, which lie side by side.
type vnni512Sweep struct {
	channels int // of a block
	pixels   int // of a block
	stored   int // pixels that the kernel computes at a time
	tile     []vnni512Spot
	tap      []int32            // each tap's distance in the strip from its pixel's column
	gather   [2][]vnni512Gather // for one row, for two
	strip    int                // bytes
	moves    []vnni512Move
}

// vnni512Move is an element of a window: where it is in a block, from the first
// of its channel's on.
type vnni512Move struct{ to, from int32 }

// vnni512Spot is some pixels: where they lie in the strip and in the output,
// from the first one on.
type vnni512Spot struct{ in, out int32 }

// vnni512Gather is one kind of vector: where its four elements lie, from the
// first that the first output row sees, and where in the strip it goes; for so
// many columns, with steps from each to the next.
type vnni512Gather struct {
	from         [4]int // elements
	to           int    // bytes
	step, toStep int
	columns      int
}

// vnni512DepthwiseArgs are those of the kernels. They are changed.
type vnni512DepthwiseArgs struct {
	in         unsafe.Pointer
	gather     unsafe.Pointer // *vnni512Gather
	gathers    int
	strip      unsafe.Pointer
	tap        unsafe.Pointer // *int32
	taps       int
	tile       unsafe.Pointer // *vnni512Spot
	tiles      int
	weight     unsafe.Pointer
	block      int // bytes of weight
	out0, out1 unsafe.Pointer
	channel    int // of the block at work, from the first on
	blocks     int // left
	step       int // bytes from pixel to pixel in the strip
	pixel      int // elements from pixel to pixel in the output
	exact      int
	lo, hi     uint8
}

func newVNNI512Depthwise(c *Conv) Op {
	d := &vnni512Depthwise{
		Geometry: c.Geometry, exact: vnni512Exact(c), lo: flipByte(c.Lo), hi: flipByte(c.Hi),
		narrow: c.Out.C < 16 || c.Out.W < 4,
	}
	d.sweeps = [2]*vnni512Sweep{{channels: 64, pixels: 1, stored: 2}, {channels: 16, pixels: 1, stored: 4}}
	if n := c.Out.C; (n == 16 || n == 32) && c.Window.StrideW == 1 && c.Out.W >= 2*64/n {
		d.sweeps[0].channels, d.sweeps[0].pixels, d.sweeps[0].stored = n, 64/n, 2*64/n
	}
	d.cutChannels()
	d.chooseSizes()
	size := 0
	for i := range d.blocks {
		b := &d.blocks[i]
		s := d.sweeps[b.sweep]
		if s.tap == nil {
			d.plan(s)
		}
		b.weight = size
		size += s.block()
	}
	d.weight = aligned(size)
	for i := range d.blocks {
		d.pack(c, &d.blocks[i])
	}
	d.parts = d.cut()
	return d
}

// lanes returns how many outputs of a row a kernel computes at a time.
func (s *vnni512Sweep) lanes() int { return s.channels * s.pixels }

// block returns the bytes of a block's weights.
func (s *vnni512Sweep) block() int { return 8 * s.lanes() * (1 + len(s.tap)) }

// cutChannels makes blocks of 64 channels; of 16 where few are left, as those
// cost less than computing others again.
func (d *vnni512Depthwise) cutChannels() {
	n, wide := d.Out.C, d.sweeps[0].channels
	if d.Out.W < d.sweeps[0].stored {
		wide = n + 1
	}
	for c := 0; c < n; {
		b := vnni512Block{c: c, first: c}
		switch {
		case n-c >= wide:
			c += wide
		case n-c > 32 && n >= wide:
			b.first, c = n-wide, n
		default:
			b.sweep, b.first = 1, max(min(c, n-16), 0)
			c += 16
		}
		d.blocks = append(d.blocks, b)
	}
}

// chooseSizes chooses how much is computed together: what is gathered, and
// what it is gathered from, stays in a first-level cache of 32 KB.
func (d *vnni512Depthwise) chooseSizes() {
	const strip, input = 17 << 10, 12 << 10
	w := d.Window
	rows := w.StrideH + (w.KernelH-1)*w.DilationH + 1
	columns := func() int { return (d.width-1)*w.StrideW + (w.KernelW-1)*w.DilationW + 1 }
	d.width = d.Out.W
	for n := 2; ceil(d.Out.W, n) >= 8 && ceil(rows, 4)*256*columns() > strip; n++ {
		d.width = ceil(d.Out.W, n)
	}
	d.most = min(max(input/(64*rows*columns()), 1), 4)
	if d.narrow {
		d.most = 1
	}
}

// plan chooses the kinds of vectors for the rows that two output rows see: four
// rows of a column while there are so many, and then several columns of the
// rows that are left.
func (d *vnni512Depthwise) plan(s *vnni512Sweep) {
	w := d.Window
	var rows []int
	for ky := range w.KernelH {
		rows = append(rows, ky*w.DilationH, w.StrideH+ky*w.DilationH)
	}
	slices.Sort(rows)
	rows = slices.Compact(rows)

	vector := 4 * s.lanes()
	width := max(d.width, s.stored)
	columns := (width-1)*w.StrideW + (w.KernelW-1)*w.DilationW + 1
	for ; len(rows) > 0; rows = rows[min(len(rows), 4):] {
		n := min(len(rows), 4)
		wide := min(4/n, w.KernelW)
		g := vnni512Gather{to: s.strip, step: w.StrideW}
		last := 0
		for first := 0; first < w.KernelW; first += wide {
			kx := min(first, w.KernelW-wide)
			d.addTap(s, rows[:n], wide, kx, first)
			last = kx * w.DilationW
			if last%w.StrideW != 0 {
				g.step = 1
			}
			s.tap = append(s.tap, int32(g.to+last*vector))
		}
		// A block of several pixels begins with the first of them.
		g.columns = ((d.width-s.pixels)*w.StrideW+last)/g.step + 1
		g.toStep = g.step * vector
		g.step *= d.In.C
		for r := range s.gather {
			// What is beyond the last row has no weight or no output.
			end := r*w.StrideH + (w.KernelH-1)*w.DilationH
			for i := range 4 {
				g.from[i] = min(rows[min(i/wide, n-1)], end)*d.In.Row() + i%wide*w.DilationW*d.In.C
			}
			s.gather[r] = append(s.gather[r], g)
		}
		s.strip += columns * vector
	}
	out := d.Out.C
	if d.narrow && s == d.sweeps[1] {
		out = 16
	}
	for x := 0; x < width; x += s.stored {
		x := min(x, width-s.stored)
		s.tile = append(s.tile, vnni512Spot{int32(x * w.StrideW * vector), int32(x * out)})
	}
}

// addTap adds the tap of a vector of some rows of so many columns from kx on,
// of which those from first on are not in another one.
func (d *vnni512Depthwise) addTap(s *vnni512Sweep, rows []int, wide, kx, first int) {
	w := d.Window
	for r := range 2 {
		for i := range len(rows) * wide {
			y := rows[i/wide] - r*w.StrideH
			if kx+i%wide >= first && y >= 0 && y%w.DilationH == 0 && y/w.DilationH < w.KernelH {
				to := 8*s.lanes()*(1+len(s.tap)) + 64*r + i
				s.moves = append(s.moves, vnni512Move{int32(to), int32(y/w.DilationH*w.KernelW + kx + i%wide)})
			}
		}
	}
}

// pack packs a block. The 64 lanes of one are four vectors of 16, which the
// kernel's unpacking fills with every fourth four lanes.
func (d *vnni512Depthwise) pack(c *Conv, b *vnni512Block) {
	s, k := d.sweeps[b.sweep], c.K()
	block := d.weight[b.weight:][:s.block()]
	finish := unsafe.Slice((*int32)(unsafe.Pointer(&block[0])), 2*s.lanes())
	for lane := range min(s.lanes(), d.Out.C*s.pixels) {
		v, e := 0, lane
		if s.lanes() == 64 {
			v, e = lane/4%4, lane/16*4+lane%4
		}
		ch := b.first + lane%s.channels
		w := c.Weight[ch*k:][:k]
		finish[16*v+e] = c.Bias[ch] - 128*sumBytes(w)
		finish[s.lanes()+16*v+e] = vnni512Mult(c.Mult[ch], d.exact)
		to := block[128*v+4*e:]
		for _, m := range s.moves {
			to[m.to] = uint8(w[m.from])
		}
	}
}

// vnni512DepthwisePart is about how many products make a part.
const vnni512DepthwisePart = 1 << 17

// cut makes parts of blocks where there are many, of rows otherwise.
func (d *vnni512Depthwise) cut() []Part {
	want := min(max(d.Out.H*d.Out.W*d.Out.C*d.K()/vnni512DepthwisePart, 1), vnni512Parts)
	each, rows := len(d.blocks), d.Out.H
	if len(d.blocks) >= 2*want {
		each = ceil(len(d.blocks), want)
	} else {
		rows = ceil(ceil(d.Out.H, want), 2) * 2
	}
	var parts []Part
	for from := 0; from < len(d.blocks); {
		to := min(from+each, len(d.blocks))
		// A block that computes channels again goes with the one that has them.
		if to < len(d.blocks) && d.blocks[to].first < d.blocks[to].c {
			to++
		}
		end := d.Out.C
		if to < len(d.blocks) {
			end = d.blocks[to].c
		}
		for y := 0; y < d.Out.H; y += rows {
			parts = append(parts, Part{y, min(y+rows, d.Out.H), d.blocks[from].c, end})
		}
		from = to
	}
	return parts
}

func (d *vnni512Depthwise) Parts() []Part { return d.parts }

func (d *vnni512Depthwise) Scratch() int {
	return ceil(64+d.strip()+2*16*max(d.width, 4), int(unsafe.Sizeof(Block{})))
}

func (d *vnni512Depthwise) strip() int { return max(d.sweeps[0].strip, d.sweeps[1].strip) }

func (d *vnni512Depthwise) Run(a *Args, p Part) {
	for i := 0; i < len(d.blocks); {
		b := &d.blocks[i]
		if b.c < p.C || b.c >= p.CEnd {
			i++
			continue
		}
		// Blocks side by side, which the kernel does one after the other.
		n := 1
		for n < d.most && i+n < len(d.blocks) && d.blocks[i+n].first == b.first+n*d.sweeps[b.sweep].channels && d.blocks[i+n].sweep == b.sweep && d.blocks[i+n].c < p.CEnd {
			n++
		}
		for y := p.Y; y < p.YEnd; y += 2 {
			// An odd last row is computed with the one before.
			y, two := y, p.YEnd-p.Y > 1
			if two {
				y = min(y, p.YEnd-2)
			}
			for x := 0; x < d.Out.W; x += d.width {
				d.run(a, y, min(x, d.Out.W-d.width), two, b, n)
			}
		}
		i += n
	}
}

// run computes d.width pixels of one or two rows, of n blocks.
func (d *vnni512Depthwise) run(a *Args, y, x int, two bool, b *vnni512Block, n int) {
	s := d.sweeps[b.sweep]
	gather := s.gather[0]
	if two {
		gather = s.gather[1]
	}
	scratch := unsafe.Pointer(&a.Scratch[0])
	strip := unsafe.Add(scratch, -uintptr(scratch)&63)
	args := vnni512DepthwiseArgs{
		in:     unsafe.Pointer(&a.A[d.Origin(y, x)+b.first-a.AFrom]),
		gather: unsafe.Pointer(&gather[0]), gathers: len(gather),
		strip: strip,
		tap:   unsafe.Pointer(&s.tap[0]), taps: len(s.tap),
		tile: unsafe.Pointer(&s.tile[0]), tiles: len(s.tile),
		weight: unsafe.Pointer(&d.weight[b.weight]), block: s.block(),
		channel: 0, blocks: n, step: 4 * s.lanes() * s.pixels * d.Window.StrideW, pixel: d.Out.C * s.pixels,
		lo: d.lo, hi: d.hi,
	}
	if d.exact {
		args.exact = 1
	}
	out := unsafe.Add(strip, d.strip())
	row := 16 * max(d.width, 4)
	if d.narrow && b.sweep == 1 {
		args.pixel = 16
		args.out0, args.out1 = out, unsafe.Add(out, row)
	} else {
		args.out0 = unsafe.Pointer(&a.Out[d.Out.At(y, x)+b.first-a.OutFrom])
		args.out1 = args.out0
		if two {
			args.out1 = unsafe.Pointer(&a.Out[d.Out.At(y+1, x)+b.first-a.OutFrom])
		}
	}
	if b.sweep == 0 {
		vnni512Depthwise64(&args)
		return
	}
	vnni512Depthwise16(&args)
	if d.narrow {
		d.spread(a, y, x, two, b.first, unsafe.Slice((*int8)(out), 2*row))
	}
}

// spread stores what a kernel left in rows of 16 channels.
func (d *vnni512Depthwise) spread(a *Args, y, x int, two bool, c int, from []int8) {
	n := min(d.Out.C, 16)
	for r := range 2 {
		if r == 1 && !two {
			break
		}
		for i := range d.width {
			copy(a.Out[d.Out.At(y+r, x+i)+c-a.OutFrom:][:n], from[(r*max(d.width, 4)+i)*16:])
		}
	}
}

//go:noescape
func vnni512Depthwise64(args *vnni512DepthwiseArgs)

//go:noescape
func vnni512Depthwise16(args *vnni512DepthwiseArgs)
