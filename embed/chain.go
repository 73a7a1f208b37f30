package embed

import "github.com/edge-camera/edge/embed/kernel"

// chain makes a run of values in strips of rows: a unit is some rows of the
// last value, and of those before it only the rows that these come from, which
// lie in a worker's own memory and never leave its cache.
//
// Windows overlap: a unit needs some rows that the unit before it made already.
// A worker that goes on from one unit to the next keeps them and moves them to
// the front of its strip. Moving is cheaper than making, and cheaper than a
// ring, which every kernel would have to know of.
type chain struct {
	input *intTable // what the first link takes the picture in with; nil if it does not
	links []link
	out   slot // of the last value
	lines int  // of the last value in a unit
	count int
	strip int
}

// link makes one value of a chain.
type link struct {
	*intOp // nil of a chain's input
	layout kernel.Layout
	zero   int8

	// Its operands are the value before it or whole values.
	aBefore, bBefore bool
	a, b             slot

	// Rows lo to hi of its value come from rows lo·stride−top to
	// (hi−1)·stride−top+reach of the value before it.
	stride, top, reach int

	rows  int // that its strip has room for
	strip slot
}

// newChain makes the step of a run that joinable allows.
func (n *Network) newChain(p *plan, r run) *chain {
	c := &chain{out: p.slot(r.last), links: make([]link, r.last-r.first+1)}
	for i := range c.links {
		v := r.first + Value(i)
		l := &c.links[i]
		l.layout, l.stride, l.reach = p.layouts[v], 1, 1
		if v == 0 {
			c.input = n.input
			l.zero = n.input.zero
			continue
		}
		node := &n.model.Graph.Nodes[v-1]
		l.intOp, l.zero = &n.ints[v-1], n.ints[v-1].zero
		place := func(in Value) (before bool, s slot) {
			if i > 0 && in == v-1 {
				return true, slot{}
			}
			return false, p.slot(in)
		}
		l.aBefore, l.a = place(node.In[0])
		if len(node.In) == 2 {
			l.bBefore, l.b = place(node.In[1])
		}
		if w := node.Window; node.Op == OpConv || node.Op == OpMaxPool || node.Op == OpMeanPool {
			l.stride, l.top, l.reach = w.StrideH, w.Top, (w.KernelH-1)*w.DilationH+1
		}
	}
	c.lines = n.fusing.lines(c.links)
	c.count = (c.last().layout.H + c.lines - 1) / c.lines
	stripRows(c.links, c.lines)
	for i := range c.links[:len(c.links)-1] {
		l := &c.links[i]
		l.strip = slot{c.strip, c.strip + l.rows*l.layout.Row()}
		c.strip = alignPlace(l.strip.to + n.tier.Slack)
	}
	return c
}

func (c *chain) last() *link { return &c.links[len(c.links)-1] }

func (c *chain) units() int { return c.count }

func (c *chain) needs() needs {
	n := needs{strip: c.strip, links: len(c.links)}
	for i := range c.links {
		if op := c.links[i].intOp; op != nil {
			n.blocks = max(n.blocks, op.op.Scratch())
		}
	}
	return n
}

func (c *chain) run(m *arena, w *worker, unit int) {
	last := c.last()
	out := view(m.ints, c.out)
	if unit == 0 {
		kernel.Border(last.layout, out, last.zero)
	}
	if !w.follows {
		for i := range c.links[:len(c.links)-1] {
			c.links[i].sides(view(w.strip, c.links[i].strip))
		}
	}
	c.plan(w, rowSpan{unit * c.lines, min((unit+1)*c.lines, last.layout.H)})
	for i := range c.links {
		l := &c.links[i]
		made := w.want[i]
		if i < len(c.links)-1 {
			made = l.room(w, i)
		}
		if made.lo >= made.hi {
			continue
		}
		a := &w.args
		c.place(m, w, i, out)
		if l.intOp == nil {
			c.input.rows(l.layout, a.Out, a.OutFrom, m.rgb, made)
		} else {
			l.op.Run(a, kernel.Part{Y: made.lo, YEnd: made.hi, CEnd: l.layout.C})
		}
	}
}

// plan sets w.want: the rows of each link that the unit's rows of the last
// value come from, and that are not there yet or are there already.
func (c *chain) plan(w *worker, rows rowSpan) {
	last := len(c.links) - 1
	w.want[last] = rows
	made := rows // of the link after
	for i := last - 1; i >= 0; i-- {
		after := &c.links[i+1]
		want := rowSpan{made.lo*after.stride - after.top, (made.hi-1)*after.stride - after.top + after.reach}
		// A pool's windows hang over what has no border: it looks at none of that.
		l := &c.links[i].layout
		want = rowSpan{max(want.lo, -l.Top), min(want.hi, l.H+l.Bottom)}
		if !w.follows {
			w.have[i] = rowSpan{want.lo, want.lo}
		}
		if made.lo >= made.hi { // the link after makes nothing, so it reads nothing
			want = w.have[i]
		}
		w.want[i] = want
		made = rowSpan{max(want.lo, w.have[i].hi, 0), min(want.hi, c.links[i].layout.H)}
	}
}

// room makes room in link i's strip for the rows that w wants of it, fills
// those of them that are border and returns those that are to be made.
func (l *link) room(w *worker, i int) rowSpan {
	row := l.layout.Row()
	strip := view(w.strip, l.strip)
	have, want := w.have[i], w.want[i]
	if keep := have.hi - want.lo; keep > 0 {
		copy(strip, strip[(want.lo-have.lo)*row:][:keep*row])
		have.lo = want.lo
	} else {
		have = rowSpan{want.lo, want.lo}
	}
	for y := have.hi; y < want.hi; y++ {
		if y < 0 || y >= l.layout.H {
			fillInts(strip[(y-have.lo)*row:][:row], l.zero)
		}
	}
	w.have[i] = rowSpan{have.lo, max(have.hi, want.hi)}
	return rowSpan{max(have.hi, 0), min(want.hi, l.layout.H)}
}

// sides fills what is left and right of the rows of a strip.
func (l *link) sides(strip []int8) {
	left, right := l.layout.Left*l.layout.C, l.layout.Right*l.layout.C
	row := l.layout.Row()
	for ; len(strip) > 0 && left+right > 0; strip = strip[row:] {
		fillInts(strip[:left], l.zero)
		fillInts(strip[row-right:row], l.zero)
	}
}

// place sets w.args for link i.
func (c *chain) place(m *arena, w *worker, i int, out []int8) {
	a, l := &w.args, &c.links[i]
	a.A, a.AFrom, a.B, a.BFrom = nil, 0, nil, 0
	if l.intOp != nil {
		var before []int8
		var from int
		if i > 0 {
			b := &c.links[i-1]
			before, from = view(w.strip, b.strip), b.layout.At(w.have[i-1].lo, -b.layout.Left)
		}
		a.A, a.B = before, before
		a.AFrom, a.BFrom = from, from
		if !l.aBefore {
			a.A, a.AFrom = view(m.ints, l.a), 0
		}
		if !l.bBefore {
			a.B, a.BFrom = view(m.ints, l.b), 0
		}
	}
	a.Out, a.OutFrom = out, 0
	if i < len(c.links)-1 {
		a.Out, a.OutFrom = view(w.strip, l.strip), l.layout.At(w.have[i].lo, -l.layout.Left)
	}
}

// stripRows sets how many rows each link but the last needs at a time, if of
// the last there are so many.
func stripRows(links []link, lines int) {
	rows := lines
	for i := len(links) - 2; i >= 0; i-- {
		l := &links[i].layout
		rows = min((rows-1)*links[i+1].stride+links[i+1].reach, l.Top+l.H+l.Bottom)
		links[i].rows = rows
	}
}

func fillInts(s []int8, v int8) {
	for i := range s {
		s[i] = v
	}
}
