package onnx

import (
	"fmt"
	"math"

	"github.com/edge-camera/edge/embed"
)

// act is an activation of input 0, which is the node's only one.
func (n *node) act(e embed.Node, f form) error {
	if err := n.inputs(1, 1); err != nil {
		return err
	}
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	return n.activate(x, e, f)
}

// activate emits the activation e of x.
func (n *node) activate(x feature, e embed.Node, f form) error {
	e.Op, e.In = embed.OpAct, []embed.Value{x.value}
	y, err := n.emit("", e, x.shape)
	if err != nil {
		return err
	}
	f.of = x.value
	y.view, y.form = x.view, f
	return n.set(y)
}

// relu: Y = max(X, 0).
func (n *node) relu() error {
	if err := n.only(); err != nil {
		return err
	}
	return n.act(embed.Node{Act: embed.ActReLU}, form{})
}

// sigmoid: Y = 1/(1 + e^−X).
func (n *node) sigmoid() error {
	if err := n.only(); err != nil {
		return err
	}
	return n.act(embed.Node{Act: embed.ActSigmoid}, form{kind: formSigmoid})
}

// tanh: Y = tanh X.
func (n *node) tanh() error {
	if err := n.only(); err != nil {
		return err
	}
	return n.act(embed.Node{Act: embed.ActTanh}, form{})
}

// hardSwish: Y = X·max(0, min(1, X/6 + 1/2)).
func (n *node) hardSwish() error {
	if err := n.only(); err != nil {
		return err
	}
	return n.act(embed.Node{Act: embed.ActHardSwish}, form{})
}

// swish: Y = X/(1 + e^−alpha·X), of opset 24.
func (n *node) swish() error {
	if err := n.only("alpha"); err != nil {
		return err
	}
	if alpha, err := n.attrFloat("alpha", 1); err != nil || alpha != 1 {
		return fmt.Errorf("%w: alpha %g, want 1", embed.ErrUnsupported, alpha)
	}
	return n.act(embed.Node{Act: embed.ActSiLU}, form{})
}

// hardSigmoid: Y = max(0, min(1, alpha·X + beta)).
func (n *node) hardSigmoid() error {
	if err := n.only("alpha", "beta"); err != nil {
		return err
	}
	alpha, err := n.attrFloat("alpha", 0.2)
	if err != nil {
		return err
	}
	beta, err := n.attrFloat("beta", 0.5)
	if err != nil {
		return err
	}
	return n.act(embed.Node{Act: embed.ActHardSigmoid, Alpha: alpha, Beta: beta},
		form{kind: formHard, scale: 1, alpha: float64(alpha), beta: float64(beta)})
}

// leakyRelu: Y = X where X ≥ 0, else alpha·X.
func (n *node) leakyRelu() error {
	if err := n.only("alpha"); err != nil {
		return err
	}
	alpha, err := n.attrFloat("alpha", 0.01)
	if err != nil {
		return err
	}
	return n.act(embed.Node{Act: embed.ActLeakyReLU, Alpha: alpha}, form{})
}

// pRelu: Y = X where X ≥ 0, else slope·X, the slope one number or one a
// channel: then max(X, 0) + slope·min(X, 0).
func (n *node) pRelu() error {
	x, err := n.operand(2, 2)
	if err != nil {
		return err
	}
	slope, err := n.constant(1)
	if err != nil {
		return err
	}
	if slope.len() == 1 {
		alpha, err := n.number(1)
		if err != nil {
			return err
		}
		return n.activate(x, embed.Node{Act: embed.ActLeakyReLU, Alpha: alpha}, form{})
	}
	x, by, err := n.perChannel(x, 1)
	if err != nil {
		return err
	}
	low, err := n.emit(".low", embed.Node{Op: embed.OpAct, In: []embed.Value{x.value}, Act: embed.ActClip, Alpha: float32(math.Inf(-1))}, x.shape)
	if err != nil {
		return err
	}
	e, err := n.affine(low, by, nil)
	if err != nil {
		return err
	}
	if low, err = n.emit(".slope", e, x.shape); err != nil {
		return err
	}
	high, err := n.emit(".high", embed.Node{Op: embed.OpAct, In: []embed.Value{x.value}, Act: embed.ActReLU}, x.shape)
	if err != nil {
		return err
	}
	return n.like(x, embed.Node{Op: embed.OpAdd, In: []embed.Value{high.value, low.value}})
}
