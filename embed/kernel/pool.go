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
	from, to := w.Rows(y, p.In.H)
	first, rows = y*w.StrideH-w.Top+from*w.DilationH, to-from
	if !p.CountPadding {
		return first, rows, rows
	}
	_, counted = within(y*w.StrideH, w.KernelH, w.DilationH, w.Top+p.In.H+w.Bottom-p.UncountedBottom)
	return first, rows, counted
}

// Columns is Rows across.
func (p *Pool) Columns(x int) (first, columns, counted int) {
	w := &p.Window
	from, to := w.Columns(x, p.In.W)
	first, columns = x*w.StrideW-w.Left+from*w.DilationW, to-from
	if !p.CountPadding {
		return first, columns, columns
	}
	_, counted = within(x*w.StrideW, w.KernelW, w.DilationW, w.Left+p.In.W+w.Right-p.UncountedRight)
	return first, columns, counted
}
