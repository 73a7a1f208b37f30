//go:build amd64 && !purego

package kernel

import "unsafe"

// vnni512Dense is a matrix product: chunks of up to 64 filters times tiles of
// pixels, whose windows are read where they lie, four elements at a time.
type vnni512Dense struct {
	Geometry
	exact    bool
	lo, hi   uint8
	segments []int32
	steps    int // of four elements, in a segment
	chunks   []vnni512Chunk
	parts    []Part

	// The pixels of some rows, which every chunk computes before the next rows
	// have their turn: where they lie, from the first one on.
	rows  int
	pixel []vnni512Pixel
}

// vnni512Pixel is an output pixel: where its window begins and where it is
// stored.
type vnni512Pixel struct{ in, out int32 }

// vnni512Chunk is up to 16·vectors filters of one group.
type vnni512Chunk struct {
	c, n    int // channels
	in      int // distance of its group in the input
	vectors int
	weight  []uint8 // [segments][steps][vectors][16][4]
	finish  []int32 // [2][vectors][16]: biases, multipliers; and one that is only read
}

// vnni512DenseArgs are those of the kernels. They are changed.
type vnni512DenseArgs struct {
	in, out      unsafe.Pointer
	pixel        unsafe.Pointer // *vnni512Pixel
	tiles        int
	weight       unsafe.Pointer
	finish       unsafe.Pointer
	segment, end unsafe.Pointer // *int32
	next         unsafe.Pointer // the kernel's own
	steps        int
	mask         uint64 // of the channels stored, if vectors < 4
	exact        int
	lo, hi       uint8
}

// vnni512Tile is how many pixels a tile has, by vectors.
var vnni512Tile = [...]int{1: 8, 2: 10, 3: 9, 4: 7}

const (
	// About how many pixels a chunk computes at a time: they stay in a
	// first-level cache while the next chunk's weights come.
	vnni512Pixels = 256

	// About how many products make a part, and how many parts suffice.
	vnni512Part  = 1 << 20
	vnni512Parts = 8
)

func newVNNI512Dense(c *Conv) Op {
	d := &vnni512Dense{Geometry: c.Geometry, exact: vnni512Exact(c), lo: flipByte(c.Lo), hi: flipByte(c.Hi)}
	at, length := c.Segments()
	for _, s := range at {
		d.segments = append(d.segments, int32(s))
	}
	d.steps = ceil(length, 4)
	d.pack(c, length)
	d.rows = d.chooseRows()
	for y := range d.rows {
		for x := range d.Out.W {
			d.pixel = append(d.pixel, vnni512Pixel{int32(d.Origin(y, x) - d.Origin(0, 0)), int32(d.Out.At(y, x) - d.Out.At(0, 0))})
		}
	}
	d.parts = d.cut()
	return d
}

// vnni512Vectors cuts n vectors of filters into chunks, of four while there are
// so many. A chunk of four stores all of its filters, so the last one may not be
// of four if it is partial.
func vnni512Vectors(n int, partial bool) []int {
	var chunks []int
	for n > 0 {
		v := min(n, 4)
		if n == 4 && partial {
			v = 2
		}
		chunks = append(chunks, v)
		n -= v
	}
	return chunks
}

func (d *vnni512Dense) pack(c *Conv, length int) {
	filters := c.Out.C / c.Groups
	vectors := vnni512Vectors(ceil(filters, 16), filters%16 != 0)
	words := len(d.segments) * d.steps * 64 // of a vector, in bytes
	all := aligned(c.Groups * ceil(filters, 16) * words)
	for group := range c.Groups {
		from := 0
		for _, v := range vectors {
			k := vnni512Chunk{c: group*filters + from, n: min(16*v, filters-from), in: group * length, vectors: v}
			k.weight, all = all[:v*words:v*words], all[v*words:]
			k.finish = make([]int32, 2*16*v+1)
			d.packChunk(c, &k, length)
			d.chunks = append(d.chunks, k)
			from += k.n
		}
	}
}

// packChunk packs filters so that the kernels' packs leave them in order: lane
// l of vector v has the filters from 4·vectors·l + 4·v on.
func (d *vnni512Dense) packChunk(c *Conv, k *vnni512Chunk, length int) {
	size := c.K()
	for v := range k.vectors {
		var filters [16]*int8
		for e := range filters {
			f := e/4*4*k.vectors + 4*v + e%4
			if f >= k.n {
				continue
			}
			w := c.Weight[(k.c+f)*size:][:size]
			filters[e] = &w[0]
			k.finish[16*v+e] = c.Bias[k.c+f] - 128*sumBytes(w)
			k.finish[16*(k.vectors+v)+e] = vnni512Mult(c.Mult[k.c+f], d.exact)
		}
		to := k.weight[64*v:]
		for from := 0; from < size; from += length {
			packVector(to, 64*k.vectors, &filters, from, length)
			to = to[min(d.steps*64*k.vectors, len(to)):]
		}
	}
}

// packVector copies n elements from an index on of each filter there is, four
// at a time, to every step bytes.
func packVector(to []uint8, step int, filters *[16]*int8, from, n int) {
	for e, w := range filters {
		if w == nil {
			continue
		}
		w := unsafe.Slice(w, from+n)[from:]
		if n%4 > 0 {
			last := to[n/4*step+4*e:]
			for i, v := range w[n/4*4:] {
				last[i] = uint8(v)
			}
		}
	}
	if filters[15] == nil {
		for e, w := range filters {
			if w != nil {
				for i := range n / 4 {
					*(*uint32)(unsafe.Pointer(&to[i*step+4*e])) = *(*uint32)(unsafe.Add(unsafe.Pointer(w), from+4*i))
				}
			}
		}
		return
	}
	for i := range n / 4 {
		line := (*[16]uint32)(unsafe.Pointer(&to[i*step]))
		at := from + 4*i
		for e, w := range filters {
			line[e] = *(*uint32)(unsafe.Add(unsafe.Pointer(w), at))
		}
	}
}

// chooseRows returns how many rows to compute at a time: about as many pixels
// as vnni512Pixels says, with little over in the last tiles.
func (d *vnni512Dense) chooseRows() int {
	w := d.Out.W
	best, least := 1, 0.0
	for rows := 1; rows <= d.Out.H; rows++ {
		if n := rows * w; rows > 1 && n > 2*vnni512Pixels {
			break
		}
		// Slots of tiles times vectors, for what would be computed in all.
		cost := 0.0
		for _, left := range []int{d.Out.H / rows * rows, d.Out.H % rows} {
			n := min(left, rows) * w
			for i := range d.chunks {
				tile := vnni512Tile[d.chunks[i].vectors]
				cost += float64(d.chunks[i].vectors*ceil(n, tile)*tile) * float64(ceil(left, rows))
			}
		}
		if rows*w < vnni512Pixels/2 {
			cost *= 1.02
		}
		if least == 0 || cost < least*0.999 {
			best, least = rows, cost
		}
	}
	return best
}

// cut makes parts of rows, and of chunks as well where there are few rows.
func (d *vnni512Dense) cut() []Part {
	work := d.Out.H * d.Out.W * d.Out.C * d.K()
	want := min(max(work/vnni512Part, 1), vnni512Parts)
	byRows := min(want, max(d.Out.H*d.Out.W/56, 1), d.Out.H)
	if d.Out.H*d.Out.W < 128 && d.Out.H >= 4 && want > 1 {
		byRows = 2
	}
	each := ceil(len(d.chunks), min(ceil(want, byRows), len(d.chunks)))
	rows := ceil(d.Out.H, byRows)
	var parts []Part
	for i := 0; i < len(d.chunks); i += each {
		last := &d.chunks[min(i+each, len(d.chunks))-1]
		for y := 0; y < d.Out.H; y += rows {
			parts = append(parts, Part{y, min(y+rows, d.Out.H), d.chunks[i].c, last.c + last.n})
		}
	}
	return parts
}

func (d *vnni512Dense) Parts() []Part { return d.parts }

func (d *vnni512Dense) Scratch() int { return 0 }

func (d *vnni512Dense) Run(a *Args, p Part) {
	for y := p.Y; y < p.YEnd; y += d.rows {
		n := min(d.rows, p.YEnd-y) * d.Out.W
		for i := range d.chunks {
			if k := &d.chunks[i]; k.c >= p.C && k.c < p.CEnd {
				d.run(a, k, y, n)
			}
		}
	}
}

// run computes a chunk for n pixels from row y on.
func (d *vnni512Dense) run(a *Args, k *vnni512Chunk, y, n int) {
	args := vnni512DenseArgs{
		in:      unsafe.Pointer(&a.A[d.Origin(y, 0)+k.in-a.AFrom]),
		out:     unsafe.Pointer(&a.Out[d.Out.At(y, 0)+k.c-a.OutFrom]),
		pixel:   unsafe.Pointer(&d.pixel[0]),
		weight:  unsafe.Pointer(&k.weight[0]),
		finish:  unsafe.Pointer(&k.finish[0]),
		segment: unsafe.Pointer(&d.segments[0]),
		next:    nil,
		end:     unsafe.Add(unsafe.Pointer(&d.segments[0]), 4*len(d.segments)),
		steps:   d.steps,
		mask:    1<<(k.n&63) - 1,
		lo:      d.lo, hi: d.hi,
	}
	if d.exact {
		args.exact = 1
	}
	tile := vnni512Tile[k.vectors]
	if args.tiles = n / tile; args.tiles > 0 {
		vnni512DenseTiles(&args, k.vectors)
	}
	over := n % tile
	if over == 0 {
		return
	}
	// The last tile computes pixels again, or one pixel several times.
	args.tiles = 1
	var few [10]vnni512Pixel
	if n >= tile {
		args.pixel = unsafe.Pointer(&d.pixel[n-tile])
	} else {
		for i := range few {
			few[i] = d.pixel[min(i, n-1)]
		}
		args.pixel = unsafe.Pointer(&few[0])
	}
	vnni512DenseTiles(&args, k.vectors)
}

// vnni512DenseTiles calls the kernel for so many vectors: a call through a func
// value would make the arguments escape.
func vnni512DenseTiles(args *vnni512DenseArgs, vectors int) {
	switch vectors {
	case 1:
		vnni512Dense1x8(args)
	case 2:
		vnni512Dense2x10(args)
	case 3:
		vnni512Dense3x9(args)
	default:
		vnni512Dense4x7(args)
	}
}

//go:noescape
func vnni512Dense1x8(args *vnni512DenseArgs)

//go:noescape
func vnni512Dense2x10(args *vnni512DenseArgs)

//go:noescape
func vnni512Dense3x9(args *vnni512DenseArgs)

//go:noescape
func vnni512Dense4x7(args *vnni512DenseArgs)
