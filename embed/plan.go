package embed

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/edge-camera/edge/embed/kernel"
)

// maxArena is the most elements that the values of a network may need at one
// time: 256 MiB of int8, 1 GiB of float32.
const maxArena = 1 << 28

// arenaAlign is the granularity of places in the arena, in elements: a cache
// line of int8.
const arenaAlign = 64

// plan places every value of a graph in one arena, values whose lifetimes do
// not meet on top of each other.
type plan struct {
	layouts []kernel.Layout // by Value
	offsets []int           // by Value, in elements
	size    int             // of the arena, in elements
}

// newPlan places the values by size, the largest first, each at the lowest
// place free for its whole lifetime (Pisarchyk and Lee, Efficient Memory
// Management for Deep Neural Net Inference, 2020: greedy by size). Kernels may
// read up to slack elements beyond a value's end.
func newPlan(g *Graph, shapes []Shape, borders []border, slack int) (*plan, error) {
	type life struct {
		v           Value
		first, last int // nodes: the one that writes it, the last that reads it
		size        int
	}
	p := &plan{layouts: make([]kernel.Layout, len(shapes)), offsets: make([]int, len(shapes))}
	lives := make([]life, len(shapes))
	for v, s := range shapes {
		b := borders[v]
		p.layouts[v] = kernel.Layout{H: s.H, W: s.W, C: s.C, Top: b.top, Left: b.left, Bottom: b.bottom, Right: b.right}
		size := (p.layouts[v].Len() + slack + arenaAlign - 1) / arenaAlign * arenaAlign
		lives[v] = life{v: Value(v), first: v - 1, last: v - 1, size: size}
	}
	for i := range g.Nodes {
		for _, v := range g.Nodes[i].In {
			lives[v].last = max(lives[v].last, i)
		}
	}
	lives[g.Output].last = len(g.Nodes)

	slices.SortFunc(lives, func(a, b life) int {
		return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(a.v, b.v))
	})
	var placed []life // by offset
	for _, l := range lives {
		at := 0
		for _, o := range placed {
			if o.first > l.last || l.first > o.last {
				continue
			}
			if at+l.size <= p.offsets[o.v] {
				break
			}
			at = max(at, p.offsets[o.v]+o.size)
		}
		p.offsets[l.v] = at
		p.size = max(p.size, at+l.size)
		if p.size > maxArena {
			return nil, fmt.Errorf("the network's values need more than %d elements at a time: %w", maxArena, ErrUnsupported)
		}
		i, _ := slices.BinarySearchFunc(placed, at, func(o life, at int) int { return cmp.Compare(p.offsets[o.v], at) })
		placed = slices.Insert(placed, i, l)
	}
	return p, nil
}

// slot is where a value lies in an arena.
type slot struct{ from, to int }

func (p *plan) slot(v Value) slot {
	return slot{p.offsets[v], p.offsets[v] + p.layouts[v].Len()}
}

func view[T any](arena []T, s slot) []T { return arena[s.from:s.to:s.to] }
