package kernel

import (
	"testing"

	"github.com/edge-camera/edge/embed/kernel/peak"
)

// TestPeak: each tier but the plain one has a loop to be measured by, and this
// processor can run it.
func TestPeak(t *testing.T) {
	for _, tier := range Tiers {
		if !tier.Usable() {
			continue
		}
		one, three := peak.Run(tier.Name, 1), peak.Run(tier.Name, 3)
		if (one > 0) != (tier != &generic) || three != 3*one {
			t.Errorf("%s: %d multiply-accumulates in a round, %d in three", tier.Name, one, three)
		}
	}
	if n := peak.Run("abacus", 1); n != 0 {
		t.Errorf("no such tier: %d", n)
	}
}
