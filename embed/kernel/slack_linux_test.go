package kernel

import (
	"math/rand/v2"
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"
)

// fenced returns memory whose end is the end of what may be read at all.
func fenced(t *testing.T, n int) []int8 {
	t.Helper()
	page := syscall.Getpagesize()
	size := ceil(n, page) * page
	all, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(all); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(all[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return unsafe.Slice((*int8)(unsafe.Pointer(&all[size-n])), n)
}

// TestSlack puts operands at the end of readable memory, with just the slack
// that the tier asks for behind them.
func TestSlack(t *testing.T) {
	tiers(t, func(t *testing.T, tier *Tier) {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		rng := rand.New(rand.NewPCG(7, 1))
		defer func() {
			if fault := recover(); fault != nil {
				t.Errorf("read beyond the slack: %v", fault)
			}
		}()
		operand := func(l Layout) []int8 {
			return fenced(t, l.Len()+tier.Slack)[:l.Len():l.Len()]
		}
		for channels := 1; channels <= 40; channels++ {
			for _, w := range []Window{
				window(1, 1, 1, 0, 0, 0, 0), window(3, 1, 1, 1, 1, 1, 1), window(3, 2, 1, 0, 0, 1, 1), window(5, 2, 1, 1, 1, 2, 2),
			} {
				for _, groups := range []int{1, channels} {
					c := &Conv{Geometry: geometry(rng, 5, 6, channels, channels, groups, w)}
					c.In.Bottom, c.In.Right = w.Bottom, w.Right // the last window ends at the end
					ordinary.conv(rng, c)
					pack := tier.Dense
					if c.Depthwise() {
						pack = tier.Depthwise
					}
					op := pack(c)
					args := &Args{Out: make([]int8, c.Out.Len()), A: operand(c.In), Scratch: make([]Block, op.Scratch())}
					for _, p := range op.Parts() {
						op.Run(args, p)
					}
				}
			}
			l := Layout{H: 2, W: 3, C: channels}
			add := tier.Add(&Add{A: l, B: l, Out: l, MultA: 1, MultB: 1, Shift: 1, Lo: -128, Hi: 127})
			add.Run(&Args{Out: make([]int8, l.Len()), A: operand(l), B: operand(l)}, Part{0, l.H, 0, l.C})
			tier.Mean(&Mean{In: l}).Run(&Args{A: operand(l), Sum: make([]int32, channels)}, Part{0, 1, 0, channels})
		}
	})
}
