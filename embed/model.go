package embed

// Precision of a model's arithmetic.
type Precision uint8

// Precisions.
const (
	Float32 Precision = iota + 1
	Int8
)

// String returns "float32" or "int8".
func (p Precision) String() string {
	switch p {
	case Float32:
		return "float32"
	case Int8:
		return "int8"
	}
	return "invalid"
}

// Meta is what people read about a model. It is not part of the Fingerprint.
type Meta struct {
	Name     string `json:"name"`
	Origin   string `json:"origin,omitempty"`   // package or file it came from
	License  string `json:"license,omitempty"`  // SPDX identifier
	Recipe   string `json:"recipe,omitempty"`   // how it was made
	Accuracy string `json:"accuracy,omitempty"` // figure, shape, data, CI
}

// Model is a network as a file holds it: immutable, shareable.
type Model struct {
	Meta      Meta
	Precision Precision
	Graph     *Graph // Int8: Weight and Bias of its nodes are nil, Quant has them
	Quant     *Quant // Int8 only
	Gold      []Gold // inputs with their expected embeddings

	checked *Model       // the model itself, once Decode has validated it; another one of a copy
	mapped  []byte       // the file, if it is mapped into memory
	stored  *Fingerprint // the one in the file's header; nil of a model that was not read from a file
}

// Quant holds the integers of an int8 model, by the definition in the package
// documentation.
type Quant struct {
	Values []QValue // by Value
	Nodes  []QNode  // parallel to Graph.Nodes
}

// QValue is one value's range: real = Scale·(q − Zero).
type QValue struct {
	Scale float32
	Zero  int8
}

// QNode is what one node computes with. Which fields are set depends on Op.
type QNode struct {
	Weight []int8  // OpConv: as Node.Weight
	Bias   []int32 // OpConv [Out]: bias and both zero points, folded
	Mult   []int32 // OpConv [Out]; OpMul, OpGlobalMean before the last node [1]; positive

	MultA, MultB int16 // OpAdd
	AddBias      int32 // OpAdd
	Shift        uint8 // OpAdd: 1 … 14; OpMul: 0 … 14; OpGlobalMean before the last node: 0 … 14

	// OpAct: what becomes of q is Table[q+128], 256 of them. OpConcat: the same
	// for one input after the other, or nil where all have the output's QValue.
	Table []int8

	Lo, Hi int8 // OpConv, OpAdd, OpMul, OpGlobalMean before the last node
}

// Gold is an input with its expected embedding, so that a board can prove
// that it computes the right bits.
type Gold struct {
	Pix       []byte // H·W·3, RGB
	Embedding Embedding
}
