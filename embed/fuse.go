package embed

import "github.com/edge-camera/edge/embed/kernel"

// Which values are made together. An inverted residual block first widens its
// input six times, filters each channel, and narrows it again; the wide values
// are most of what a network moves through memory. Made in strips they never
// leave the cache next to the processor, nor the memory of one thread.
//
// It costs work: where two threads meet, both make the rows that windows
// overlap by. Later layers are small and deep, their windows a large part of
// their height and their weights, which every strip reads again, more than
// their values; these are better made one after the other.
type fusing struct {
	// runs divides a graph's values.
	runs func(*Graph, []kernel.Layout) []run

	stripBytes int // that the strips of a chain may take
	leastUnits int // that a chain is cut into, where it is as high
}

// fused is what is good for the processors this is made for.
var fused = fusing{
	runs: blocks,

	// Half of 256 KB, the smallest second-level cache of a core, or of a
	// core's part of one that is shared.
	stripBytes: 128 << 10,

	// Threads should not wait for each other at a chain's end.
	leastUnits: 8,
}

// fuseBytes is how large the values must be that are not written to memory.
// Smaller ones stay in the second-level cache anyway: 1 MB for the four cores
// of a Cortex-A72, who need room for what they read and write, too; 512 KB for
// each of an A76. Where that is large, strips gain nothing: on one thread of an
// AMD EPYC the largest block takes 2% less time in strips, the smallest that
// is large enough here 5% more, for its kernels work at fewer rows at a time.
const fuseBytes = 512 << 10

// blocks makes a run of a depthwise convolution together with the layer that
// makes its input and the 1×1 layer that reads its output, an addition after
// that, activations between them, and the picture before it, where that is
// worth it.
func blocks(g *Graph, layouts []kernel.Layout) []run {
	joined := joinable(g, layouts)
	end := Value(len(g.Nodes))
	var runs []run
	for v := Value(0); v <= end; {
		r := run{v, v}
		if last := blockEnd(g, layouts, joined, v); inside(layouts, run{v, last}) >= fuseBytes {
			r.last = last
		}
		runs = append(runs, r)
		v = r.last + 1
	}
	return runs
}

// blockEnd returns the last value of the block that begins with v.
func blockEnd(g *Graph, layouts []kernel.Layout, joined []bool, v Value) Value {
	next := func(u Value) *Node { // that makes the value after u, if it can be joined
		if int(u) == len(g.Nodes) || !joined[u+1] {
			return nil
		}
		return &g.Nodes[u]
	}
	// Activations that could not be fused go with what they are of.
	acts := func(u Value) Value {
		for n := next(u); n != nil && n.Op == OpAct; n = next(u) {
			u++
		}
		return u
	}
	depthwise := func(n *Node) bool {
		l := layouts[n.In[0]]
		return n.Depthwise(Shape{l.H, l.W, l.C}) && l.C > 1
	}
	narrow := func(n *Node) bool { return n.Op == OpConv && n.Window.KernelH == 1 && n.Window.StrideH == 1 }

	end := acts(v)
	deep := v > 0 && depthwise(&g.Nodes[v-1])
	for range 2 { // the picture and the layer that widens it, if any
		if deep {
			break
		}
		if n := next(end); n != nil && n.Op == OpConv && (end == 0 || depthwise(n)) {
			deep = depthwise(n)
			end = acts(end + 1)
		}
	}
	if !deep {
		return v
	}
	if n := next(end); n == nil || !narrow(n) {
		return end
	}
	end++
	if n := next(end); n != nil && n.Op == OpAdd {
		end++
	}
	return end
}

// inside returns the bytes of a run's values but its last: what need not be
// written to memory.
func inside(layouts []kernel.Layout, r run) (bytes int) {
	for v := r.first; v < r.last; v++ {
		bytes += layouts[v].Len()
	}
	return bytes
}

// joinable tells of each value whether it may be made in strips together with
// the one before it: both are computed row by row, and nothing else reads that.
func joinable(g *Graph, layouts []kernel.Layout) []bool {
	readers := make([]int, len(g.Nodes)+1)
	readers[g.Output]++
	for i := range g.Nodes {
		in := g.Nodes[i].In
		for j, v := range in {
			if j == 0 || v != in[0] {
				readers[v]++
			}
		}
	}
	joined := make([]bool, len(g.Nodes)+1)
	for i := range g.Nodes {
		n := &g.Nodes[i]
		before := Value(i)
		reads := n.In[0] == before || len(n.In) == 2 && n.In[1] == before && !broadcasts(n, layouts)
		joined[i+1] = reads && readers[before] == 1 && byRows(n) && (i == 0 || byRows(&g.Nodes[i-1]))
	}
	return joined
}

// byRows tells whether rows of what a node makes come from some rows of what
// it reads.
func byRows(n *Node) bool { return n.Op != OpGlobalMean && n.Op != OpConcat && n.Op != OpDense }

// lines returns how many rows of the last link's value a unit has: as many as
// the strips have room for, or some fewer where that shares out better.
func (f *fusing) lines(links []link) int {
	height := links[len(links)-1].layout.H
	lines := (height + f.leastUnits - 1) / f.leastUnits
	for ; lines > 1; lines-- {
		stripRows(links, lines)
		bytes := 0
		for i := range links[:len(links)-1] {
			bytes += links[i].rows * links[i].layout.Row()
		}
		if bytes <= f.stripBytes {
			break
		}
	}
	// The last round of units should find work for all of four threads.
	best, idle := lines, height*4
	for n := lines; n > lines/2 || n == lines; n-- {
		rounds := (height + 4*n - 1) / (4 * n)
		if i := rounds*4*n - height; i < idle {
			best, idle = n, i
		}
	}
	return best
}
