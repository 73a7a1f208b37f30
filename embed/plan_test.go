package embed

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// TestPlan wants values that live at the same time apart, and the arena no
// larger than it must be where that is easy to tell.
func TestPlan(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		n := 1 + rng.IntN(20)
		g := &Graph{Nodes: make([]Node, n), Output: Value(n)}
		shapes, borders := make([]Shape, n+1), make([]border, n+1)
		first, last := make([]int, n+1), make([]int, n+1)
		for v := range n + 1 {
			shapes[v] = Shape{1 + rng.IntN(9), 1 + rng.IntN(9), 1 + rng.IntN(9)}
			borders[v] = border{rng.IntN(3), rng.IntN(3), rng.IntN(3), rng.IntN(3)}
			first[v], last[v] = v-1, v-1
		}
		for i := range n {
			for range 1 + rng.IntN(2) {
				v := Value(rng.IntN(i + 1))
				g.Nodes[i].In = append(g.Nodes[i].In, v)
				last[v] = i
			}
		}
		if rng.IntN(3) == 0 {
			g.Output = Value(1 + rng.IntN(n))
		}
		last[g.Output] = n
		slack := rng.IntN(100)
		p, err := newPlan(g, newLayouts(shapes, borders), singles(g), slack)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for v, l := range p.layouts {
			s, b := shapes[v], borders[v]
			if l.H != s.H || l.W != s.W || l.C != s.C || l.Top != b.top || l.Left != b.left || l.Bottom != b.bottom || l.Right != b.right {
				t.Fatalf("value %d of %v with %+v is laid out as %+v", v, s, b, l)
			}
			if want := (s.H + b.top + b.bottom) * (s.W + b.left + b.right) * s.C; l.Len() != want || p.slot(Value(v)).to-p.slot(Value(v)).from != want {
				t.Fatalf("value %d has %d elements, want %d", v, l.Len(), want)
			}
			from, to := p.offsets[v], p.offsets[v]+l.Len()+slack
			if from < 0 || to > p.size || from%arenaAlign != 0 {
				t.Fatalf("value %d at %d to %d of %d", v, from, to, p.size)
			}
			for u := range v {
				if first[u] > last[v] || first[v] > last[u] {
					continue
				}
				if p.offsets[u] < to && from < p.offsets[u]+p.layouts[u].Len()+slack {
					t.Fatalf("values %d and %d live at the same time in the same place", u, v)
				}
			}
			sum += (l.Len() + slack + arenaAlign - 1) / arenaAlign * arenaAlign
		}
		if p.size > sum {
			t.Fatalf("arena of %d for values of %d", p.size, sum)
		}
	}
}

// TestPlanChain wants a chain, where two values live at a time, in the memory
// of its two largest neighbours.
func TestPlanChain(t *testing.T) {
	g, shapes := &Graph{Output: 8}, []Shape{{1, 1, 64}}
	for i, c := range []int{128, 640, 128, 320, 64, 64, 512, 64} {
		g.Nodes = append(g.Nodes, Node{In: []Value{Value(i)}})
		shapes = append(shapes, Shape{1, 1, c})
	}
	p, err := newPlan(g, newLayouts(shapes, make([]border, len(shapes))), singles(g), 0)
	if err != nil || p.size != 128+640 {
		t.Errorf("arena of %d, want %d (%v)", p.size, 128+640, err)
	}
}

func TestPlanTooLarge(t *testing.T) {
	g, shapes := &Graph{Output: 5}, []Shape{{1, 1, 1}}
	for i := range 5 {
		g.Nodes = append(g.Nodes, Node{In: []Value{Value(i), 1}})
		shapes = append(shapes, Shape{1 << 10, 1 << 10, 1 << 7})
	}
	if _, err := newPlan(g, newLayouts(shapes, make([]border, len(shapes))), singles(g), 0); !errors.Is(err, ErrUnsupported) {
		t.Errorf("512 MiB of values: %v", err)
	}
}

// TestPlanRuns wants no memory for a value inside of a run, and what the run
// reads to live until it ends.
func TestPlanRuns(t *testing.T) {
	// 0 → 1 → 2 → 3 → 4, where 4 adds 0: 1 to 4 are made together.
	g, shapes := &Graph{Output: 5}, []Shape{{1, 1, 64}, {1, 1, 640}, {1, 1, 320}, {1, 1, 640}, {1, 1, 128}, {1, 1, 64}}
	for i := range 5 {
		g.Nodes = append(g.Nodes, Node{In: []Value{Value(i)}})
	}
	g.Nodes[3].In = append(g.Nodes[3].In, 0)
	p, err := newPlan(g, newLayouts(shapes, make([]border, len(shapes))), []run{{0, 0}, {1, 4}, {5, 5}}, 0)
	if err != nil || p.size != 64+128 {
		t.Errorf("arena of %d, want %d (%v)", p.size, 64+128, err)
	}
	for v, at := range p.offsets {
		if inside := v >= 1 && v <= 3; inside != (at < 0) {
			t.Errorf("value %d is at %d", v, at)
		}
	}
}
