package embed

import (
	"fmt"
	"math"
)

// Act is an activation function, alone (OpAct) or, if it Clamps, fused into
// another Node. Its parameters are the Node's Alpha and Beta.
type Act uint8

// Activation functions.
const (
	ActNone  Act = iota
	ActReLU      // max(x, 0)
	ActReLU6     // min(max(x, 0), 6)

	// Of format 1.1.

	ActClip        // min(max(x, Alpha), Beta)
	ActLeakyReLU   // x where that is not negative, else Alpha·x
	ActSigmoid     // 1/(1 + e⁻ˣ)
	ActHardSigmoid // min(max(Alpha·x + Beta, 0), 1)
	ActHardSwish   // x·min(max(x/6 + 1/2, 0), 1)
	ActSiLU        // x/(1 + e⁻ˣ)
	ActTanh        // (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)

	acts // how many there are
)

// Clamps reports that a does nothing but clamp to the Range of its node, so
// that it may be fused into the operation before it.
func (a Act) Clamps() bool { return a <= ActClip }

// String returns the function's name in this package, such as "relu6".
func (a Act) String() string {
	switch a {
	case ActNone:
		return "none"
	case ActReLU:
		return "relu"
	case ActReLU6:
		return "relu6"
	case ActClip:
		return "clip"
	case ActLeakyReLU:
		return "leaky relu"
	case ActSigmoid:
		return "sigmoid"
	case ActHardSigmoid:
		return "hard sigmoid"
	case ActHardSwish:
		return "hard swish"
	case ActSiLU:
		return "silu"
	case ActTanh:
		return "tanh"
	}
	return fmt.Sprintf("activation %d", uint8(a))
}

// Range returns the bounds of what n's activation makes, those it clamps to if
// it Clamps; infinite where there is none.
func (n *Node) Range() (lo, hi float32) {
	lo, hi = float32(math.Inf(-1)), float32(math.Inf(1))
	switch n.Act {
	case ActReLU:
		lo = 0
	case ActReLU6:
		lo, hi = 0, 6
	case ActClip:
		lo, hi = n.Alpha, n.Beta
	case ActLeakyReLU:
		if n.Alpha <= 0 {
			lo = 0
		}
	case ActSigmoid, ActHardSigmoid:
		lo, hi = 0, 1
	case ActHardSwish:
		lo = -0.375
	case ActSiLU:
		lo = -0.278464544
	case ActTanh:
		lo, hi = -1, 1
	}
	return lo, hi
}

// Activate returns n's activation of x. No operation in it can be fused with
// another, so that it is the same on every processor but for the last bit of
// math.Exp and math.Tanh.
func (n *Node) Activate(x float64) float64 {
	switch n.Act {
	case ActReLU:
		return max(x, 0)
	case ActReLU6:
		return min(max(x, 0), 6)
	case ActClip:
		return min(max(x, float64(n.Alpha)), float64(n.Beta))
	case ActLeakyReLU:
		if x < 0 {
			return float64(n.Alpha) * x
		}
	case ActSigmoid:
		return 1 / (1 + math.Exp(-x))
	case ActHardSigmoid:
		return min(max(float64(float64(n.Alpha)*x)+float64(n.Beta), 0), 1)
	case ActHardSwish:
		return x * min(max(x/6+0.5, 0), 1)
	case ActSiLU:
		return x / (1 + math.Exp(-x))
	case ActTanh:
		return math.Tanh(x)
	}
	return x
}

// checkAct checks the activation of a node and its parameters.
func (n *Node) checkAct() error {
	alpha, beta := float64(n.Alpha), float64(n.Beta)
	switch n.Act {
	case ActClip:
		if !(alpha <= beta) { // a NaN is neither
			return fmt.Errorf("clips to %g … %g", alpha, beta)
		}
		return nil
	case ActHardSigmoid:
		if !finite(n.Alpha) || !finite(n.Beta) {
			return fmt.Errorf("hard sigmoid of alpha %g and beta %g", alpha, beta)
		}
		return nil
	case ActLeakyReLU:
		if !finite(n.Alpha) {
			return fmt.Errorf("leaky relu of alpha %g", alpha)
		}
		alpha = 0
	}
	if alpha != 0 || beta != 0 {
		return fmt.Errorf("%v has no alpha %g or beta %g", n.Act, n.Alpha, n.Beta)
	}
	return nil
}
