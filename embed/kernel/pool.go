package kernel

// Rows returns which rows k of the window of output row y lie in a picture of
// height h: those of from ≤ k < to, none if from ≥ to.
func (w *Window) Rows(y, h int) (from, to int) {
	return within(y*w.StrideH-w.Top, w.KernelH, w.DilationH, h)
}

// Columns is Rows across.
func (w *Window) Columns(x, width int) (from, to int) {
	return within(x*w.StrideW-w.Left, w.KernelW, w.DilationW, width)
}

// within returns which k of 0 … kernel−1 give 0 ≤ at + k·dilation < n.
func within(at, kernel, dilation, n int) (from, to int) {
	if at < 0 {
		from = (-at + dilation - 1) / dilation
	}
	if at < n {
		to = min((n-at+dilation-1)/dilation, kernel)
	}
	return from, to
}

// Pool is the geometry of a pool. What is outside the picture is not looked
// at: no border is needed. Every window has a place in the picture.
type Pool struct {
	In, Out Layout
	Window  Window

	// A mean is over the places in the picture or, with CountPadding, those in
	// the padding too but for its last rows and columns.
	CountPadding                    bool
	UncountedBottom, UncountedRight int
}

// Rows returns how many places down a window of output row y has in the
// picture, the row of In that the first of them is in, and how many places
// down a mean counts.
func (p *Pool) Rows(y int) (first, rows, counted int) {
	w := &p.Window
	return p.places(y*w.StrideH, w.KernelH, w.DilationH, w.Top, p.In.H, w.Bottom-p.UncountedBottom)
}

// Columns is Rows across.
func (p *Pool) Columns(x int) (first, columns, counted int) {
	w := &p.Window
	return p.places(x*w.StrideW, w.KernelW, w.DilationW, w.Left, p.In.W, w.Right-p.UncountedRight)
}

// places is Rows or Columns of a window that begins at a place of the padded
// picture: before places of padding, the n of the picture, and after ones that a
// mean may count.
func (p *Pool) places(at, kernel, dilation, before, n, after int) (first, inside, counted int) {
	from, to := within(at-before, kernel, dilation, n)
	first, inside = at-before+from*dilation, to-from
	if !p.CountPadding {
		return first, inside, inside
	}
	_, counted = within(at, kernel, dilation, before+n+after)
	return first, inside, counted
}

// parts cuts a pool into rows.
func (p *Pool) parts() []Part {
	return rowParts(p.Out.H, ceil(addPart, p.Out.W*p.Out.C*p.Window.KernelH*p.Window.KernelW), p.Out.C, p.Out.C)
}

// steps returns how far it is in In from a place of a window to the one below it
// and to the one on its right.
func (p *Pool) steps() (down, right int) {
	return p.Window.DilationH * p.In.Row(), p.Window.DilationW * p.In.C
}
