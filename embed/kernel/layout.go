package kernel

// Layout says where the elements of a value lie in its buffer: rows of pixels
// of C interleaved channels, with a border around them wide enough for every
// window that reads the value. Whoever writes the value fills the border too
// (see Border), so that no kernel ever tests for an edge.
type Layout struct {
	H, W, C                  int
	Top, Left, Bottom, Right int // pixels of border
}

// Row returns the elements from one row to the next.
func (l Layout) Row() int { return (l.Left + l.W + l.Right) * l.C }

// Len returns the elements of the buffer, border included.
func (l Layout) Len() int { return (l.Top + l.H + l.Bottom) * l.Row() }

// At returns the index of channel 0 of a pixel. Coordinates in the border are
// negative or beyond H and W.
func (l Layout) At(y, x int) int { return (y+l.Top)*l.Row() + (x+l.Left)*l.C }

// rowParts cuts rows into parts of about so many, each of the channels of one
// of the blocks.
func rowParts(rows, each, channels, block int) []Part {
	var parts []Part
	for c := 0; c < channels; c += block {
		for y := 0; y < rows; y += each {
			parts = append(parts, Part{y, min(y+each, rows), c, min(c+block, channels)})
		}
	}
	return parts
}

// Border fills the border around a value, leaving the value itself alone.
func Border[T any](l Layout, buf []T, v T) {
	if l.Top|l.Left|l.Bottom|l.Right == 0 {
		return
	}
	// What is right of one row and left of the next lies side by side.
	from := 0
	for y := range l.H {
		at := l.At(y, 0)
		fill(buf[from:at], v)
		from = at + l.W*l.C
	}
	fill(buf[from:l.Len()], v)
}

// fill copies what is filled already: copy moves many elements at a time.
func fill[T any](s []T, v T) {
	if len(s) == 0 {
		return
	}
	s[0] = v
	for n := 1; n < len(s); n *= 2 {
		copy(s[n:], s[:n])
	}
}

// Window is the geometry of a convolution: embed.Window, which this package
// cannot import.
type Window struct {
	KernelH, KernelW     int
	StrideH, StrideW     int
	DilationH, DilationW int
	Top, Left            int
	Bottom, Right        int
}

// Geometry is a convolution without its numbers: from which elements of In
// comes which pixel of Out.
type Geometry struct {
	In, Out Layout
	Window  Window
	Groups  int
}

// Depthwise reports whether each of several channels is convolved by itself.
func (g *Geometry) Depthwise() bool {
	return g.Groups > 1 && g.Groups == g.In.C && g.Out.C == g.In.C
}

// K returns the products summed for one output: the length of a filter.
func (g *Geometry) K() int { return g.Window.KernelH * g.Window.KernelW * (g.In.C / g.Groups) }

// Origin returns the index in In of the first element of the window of output
// pixel (y, x), for group 0.
func (g *Geometry) Origin(y, x int) int {
	return g.In.At(y*g.Window.StrideH-g.Window.Top, x*g.Window.StrideW-g.Window.Left)
}

// Segments returns how a window lies in In: runs of length elements at these
// distances from its origin, which one after the other are a filter's order,
// [KernelH][KernelW][In.C/Groups].
func (g *Geometry) Segments() (at []int, length int) {
	w := g.Window
	if g.Groups == 1 && (w.DilationW == 1 || w.KernelW == 1) {
		for ky := range w.KernelH {
			at = append(at, ky*w.DilationH*g.In.Row())
		}
		return at, w.KernelW * g.In.C
	}
	for ky := range w.KernelH {
		for kx := range w.KernelW {
			at = append(at, ky*w.DilationH*g.In.Row()+kx*w.DilationW*g.In.C)
		}
	}
	return at, g.In.C / g.Groups
}
