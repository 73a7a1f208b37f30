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

// run is a stretch of values, from one to another, that a single step makes one
// after the other. Only the last of them is ever whole in memory.
type run struct{ first, last Value }

// plan places values of a graph in one arena, values whose lifetimes do not
// meet on top of each other.
type plan struct {
	layouts []kernel.Layout // by Value
	runs    []run           // by step
	offsets []int           // by Value, in elements; -1 of a value that is never whole
	size    int             // of the arena, in elements
}

// newLayouts puts a border around every value, so that no kernel ever tests
// for an edge.
func newLayouts(shapes []Shape, borders []border) []kernel.Layout {
	layouts := make([]kernel.Layout, len(shapes))
	for v, s := range shapes {
		b := borders[v]
		layouts[v] = kernel.Layout{H: s.H, W: s.W, C: s.C, Top: b.top, Left: b.left, Bottom: b.bottom, Right: b.right}
	}
	return layouts
}

// newPlan places the last value of every run by size, the largest first, each
// at the lowest place free for its whole lifetime (Pisarchyk and Lee, Efficient
// Memory Management for Deep Neural Net Inference, 2020: greedy by size).
// Kernels may read up to slack elements beyond a value's end.
func newPlan(g *Graph, layouts []kernel.Layout, runs []run, slack int) (*plan, error) {
	type life struct {
		v           Value
		first, last int // steps: the one that writes it, the last that reads it
		size        int
	}
	p := &plan{layouts: layouts, runs: runs, offsets: make([]int, len(layouts))}
	lives := make([]life, len(runs))
	at := make([]int, len(layouts)) // which of lives a value is
	for step, r := range runs {
		for v := r.first; v < r.last; v++ {
			p.offsets[v] = -1
		}
		lives[step] = life{v: r.last, first: step, last: step, size: alignPlace(layouts[r.last].Len() + slack)}
		at[r.last] = step
	}
	for step, r := range runs {
		for v := max(r.first, 1); v <= r.last; v++ {
			for _, in := range g.Nodes[v-1].In {
				if in < r.first { // else it is made by this step itself
					lives[at[in]].last = max(lives[at[in]].last, step)
				}
			}
		}
	}
	lives[at[g.Output]].last = len(runs)

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

func alignPlace(n int) int { return (n + arenaAlign - 1) / arenaAlign * arenaAlign }

// slot is where a value lies in an arena.
type slot struct{ from, to int }

func (p *plan) slot(v Value) slot {
	return slot{p.offsets[v], p.offsets[v] + p.layouts[v].Len()}
}

func view[T any](arena []T, s slot) []T { return arena[s.from:s.to:s.to] }
