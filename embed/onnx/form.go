package onnx

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// form is what a feature is as a function of one value, where exporters write
// an activation as several operators: hard swish as Add 3, Clip 0…6, Mul, Div
// 6 in some order, SiLU as Mul by Sigmoid. The literal operators are emitted
// as they come; the one that completes an activation is replaced by it, and
// prune drops those that nobody needs any more.
type form struct {
	kind kindOfForm
	of   embed.Value

	scale, shift float64 // formScaled, formHard, formGated
	alpha, beta  float64 // formHard, formGated
}

type kindOfForm uint8

const (
	formNone    kindOfForm = iota
	formScaled             // scale·x + shift
	formSigmoid            // 1/(1 + e⁻ˣ)
	formHard               // scale·min(max(alpha·x + beta, 0), 1)
	formGated              // scale·x·min(max(alpha·x + beta, 0), 1)
)

// itself is f as a function of itself.
func itself(f feature) form { return form{kind: formScaled, of: f.value, scale: 1} }

// forms returns what f is: of another value, if that is known, and of itself.
func forms(f feature) []form {
	if f.form.kind == formNone {
		return []form{itself(f)}
	}
	return []form{f.form, itself(f)}
}

// first returns the first form that step makes of one of f's; none if it makes
// none of any.
func first(f feature, step func(form) form) form {
	for _, g := range forms(f) {
		if h := step(g); h.kind != formNone {
			return h
		}
	}
	return form{}
}

// scaled returns the form of scale·f + shift.
func (f form) scaled(scale, shift float64) form {
	switch {
	case f.kind == formScaled:
		f.scale, f.shift = f.scale*scale, f.shift*scale+shift
		return f
	case shift == 0 && (f.kind == formHard || f.kind == formGated):
		f.scale *= scale
		return f
	}
	return form{}
}

// clipped returns the form of min(max(f, lo), hi).
func (f form) clipped(lo, hi float64) form {
	if f.kind != formScaled || lo != 0 || !(hi > 0) || math.IsInf(hi, 1) {
		return form{}
	}
	return form{kind: formHard, of: f.of, scale: hi, alpha: f.scale / hi, beta: f.shift / hi}
}

// times returns the form of f·g.
func (f form) times(g form) form {
	if g.kind == formScaled {
		f, g = g, f
	}
	if f.kind != formScaled || f.shift != 0 || g.of != f.of {
		return form{}
	}
	if g.kind == formHard {
		return form{kind: formGated, of: f.of, scale: f.scale * g.scale, alpha: g.alpha, beta: g.beta}
	}
	return form{}
}

// activation returns the node that computes the form, if a single one does.
func (f form) activation() (embed.Node, bool) {
	e := embed.Node{Op: embed.OpAct, In: []embed.Value{f.of}}
	switch {
	case f.kind == formHard && near(f.scale, 1):
		e.Act, e.Alpha, e.Beta = embed.ActHardSigmoid, float32(f.alpha), float32(f.beta)
	case f.kind == formGated && near(f.scale, 1) && near(f.alpha, 1.0/6) && near(f.beta, 0.5):
		e.Act = embed.ActHardSwish
	default:
		return e, false
	}
	return e, true
}

// near allows for constants that were rounded to float32 a few times.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Abs(b) }

// finishForm emits the activation that x's form completes, or else e, which is
// x's last operator taken literally.
func (n *node) finishForm(x feature, f form, e embed.Node) error {
	if act, ok := f.activation(); ok {
		if e = act; f.kind == formGated {
			f = form{} // nothing larger begins with it
		}
	}
	y, err := n.emit("", e, x.shape)
	if err != nil {
		return err
	}
	y.view, y.form = x.view, f
	return n.set(y)
}
