package onnx

import (
	"errors"
	"fmt"

	"github.com/edge-camera/edge/embed"
)

// hinted is an error that knows what helps.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// hint gives err a hint.
func hint(err error, help string) error { return &hinted{err, help} }

// Hint returns what helps against an error of Import, such as an exporter's
// setting; "" where nothing is known.
func Hint(err error) string {
	if h, ok := errors.AsType[*hinted](err); ok {
		return h.hint
	}
	return ""
}

// refuse is an error about something that is not read.
func refuse(help, format string, args ...any) error {
	return hint(fmt.Errorf("%w: %s", embed.ErrUnsupported, fmt.Sprintf(format, args...)), help)
}

// refuseOperator says what to do about an operator that is not read.
func refuseOperator(op string) error {
	help := "edge model import reads convolutional networks; --cut TENSOR leaves out what comes after a tensor"
	switch op {
	case "QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger", "DynamicQuantizeLinear", "QLinearMatMul", "MatMulInteger":
		help = "a quantized network: import the float32 one; edge quantize makes an int8 model of it"
	case "If", "Loop", "Scan":
		help = "the exporter could not tell a shape: export without dynamic_axes, or run onnxsim (onnx-simplifier) on the file"
	case "Resize", "Upsample":
		help = "take resizing out of the network: edge resizes pictures itself"
	case "Erf", "Gelu", "Softplus", "Mish", "Elu", "Selu", "Exp":
		help = "activations that are read: ReLU, ReLU6, Clip, LeakyReLU, PReLU, Sigmoid, HardSigmoid, HardSwish, SiLU, Tanh"
	case "LayerNormalization", "InstanceNormalization", "GroupNormalization", "LpNormalization":
		help = "only batch normalization is read; --cut TENSOR leaves out what comes after a tensor (an embedding is scaled to length 1 by edge itself)"
	case "ConvTranspose", "LSTM", "GRU", "Einsum", "Attention":
		help = "edge runs convolutional networks for pictures, such as MobileNet, EfficientNet and ResNet"
	}
	return refuse(help, "edge has no such operator")
}
