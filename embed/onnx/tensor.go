package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/edge-camera/edge/embed"
)

// tensorInfo is a constant: elem and dims are the file's word, checked against
// the data.
type tensorInfo struct {
	elem    elemType
	dims    []int
	plain   []byte // the TensorProto for the decoder: float32 or int64, data inside
	refused error  // why it cannot be used
}

// rawTensor is a TensorProto's data: in one of these places.
type rawTensor struct {
	floats, doubles int // how many
	ints, longs     []uint64
	raw             []byte
	hasRaw          bool
	external        []span
	where           int64
	segment         bool
}

// readTensor checks a tensor's dimensions against its data. Numbers of other
// widths become float32 or int64.
func (o *outline) readTensor(s span) (name string, t tensorInfo, err error) {
	var dims []int64
	var r rawTensor
	var wide []byte // double_data
	err = tensorMessage.walk(s, func(it item) (err error) {
		switch it.num {
		case tensorName:
			name, err = it.data.text()
		case tensorType:
			t.elem = elemType(it.v)
		case tensorDims:
			err = it.varints(func(v uint64) { dims = append(dims, int64(v)) })
		case tensorRaw:
			r.hasRaw, r.raw = true, it.data.b
		case tensorFloats:
			var n int
			n, err = it.fixed(4)
			r.floats += n
		case tensorDouble:
			var n int
			n, err = it.fixed(8)
			r.doubles += n
			if it.wire == wireBytes {
				wide = append(wide, it.data.b...)
			} else {
				wide = binary.LittleEndian.AppendUint64(wide, it.v)
			}
		case tensorInt64s:
			err = it.varints(func(v uint64) { r.longs = append(r.longs, v) })
		case tensorInt32s:
			err = it.varints(func(v uint64) { r.ints = append(r.ints, v) })
		case tensorExtern:
			r.external = append(r.external, it.data)
		case tensorWhere:
			r.where = int64(it.v)
		case tensorPart:
			r.segment = true
		}
		return err
	})
	if err != nil {
		return name, t, err
	}
	size := int64(1)
	for _, d := range dims {
		if d <= 0 || d > math.MaxInt32 || size > math.MaxInt32/d {
			t.refused = fmt.Errorf("%w: a tensor of dimensions %v", embed.ErrUnsupported, dims)
			return name, t, nil
		}
		size *= d
		t.dims = append(t.dims, int(d))
	}
	width, read := elemWidths[t.elem]
	switch {
	case t.elem == 0:
		return name, t, corrupt(s.off, "a tensor has no element type")
	case r.segment:
		t.refused = fmt.Errorf("%w: a tensor in segments", embed.ErrUnsupported)
		return name, t, nil
	case !read || t.elem == elemBool && size > 1<<10:
		t.refused = refuseElem(t.elem)
		return name, t, nil
	}
	outside := len(r.external) > 0 || r.where == externalWhere
	if outside {
		data, why, err := o.beside.tensor(s, r.external, size*int64(width))
		if err != nil || why != nil {
			t.refused = why
			return name, t, err
		}
		r.raw, r.hasRaw = data, true
	}
	have := map[elemType]int{
		elemFloat32: r.floats, elemFloat64: r.doubles, elemInt64: len(r.longs),
	}
	count, own := have[t.elem]
	if !own {
		count = len(r.ints) // what has 32 bits or less
	}
	if stray := r.floats + r.doubles + len(r.longs) + len(r.ints) - count; stray > 0 || r.hasRaw && count > 0 {
		return name, t, corrupt(s.off, "a tensor of %v has its data in two places or in the wrong one", t.elem)
	}
	if r.hasRaw && int64(len(r.raw)) != size*int64(width) {
		return name, t, corrupt(s.off, "a tensor of %v %v has %d bytes, want %d", t.elem, dims, len(r.raw), size*int64(width))
	}
	if !r.hasRaw && int64(count) != size {
		return name, t, corrupt(s.off, "a tensor of %v %v has %d elements, want %d", t.elem, dims, count, size)
	}
	if (t.elem == elemFloat32 || t.elem == elemInt64) && !outside {
		t.plain = s.b // as it is
		return name, t, nil
	}
	switch {
	case t.elem == elemFloat64 && !r.hasRaw:
		r.raw = wide
	case !r.hasRaw:
		for _, v := range r.ints {
			r.raw = appendWidth(r.raw, v, width)
		}
	}
	elem, raw := widen(t.elem, r.raw)
	var e encoder
	if len(dims) > 0 {
		e.ints(tensorDims, dims)
	}
	e.int(tensorType, int64(elem))
	e.text(tensorName, name)
	e.bytes(tensorRaw, raw)
	t.plain = e.b
	return name, t, nil
}

// elemWidths has the bytes of an element, for the types that are read.
var elemWidths = map[elemType]int{
	elemFloat32: 4, elemInt64: 8, elemFloat64: 8, elemFloat16: 2, elemBFloat: 2, elemInt32: 4, elemBool: 1,
}

func refuseElem(e elemType) error {
	switch e {
	case elemUint8, elemInt8:
		return refuse("import the float32 network; edge quantize makes an int8 model of it", "a tensor of %v: a quantized network", e)
	}
	return refuse("export the network in float32", "a tensor of %v", e)
}

func appendWidth(b []byte, v uint64, width int) []byte {
	for i := range width {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

// widen turns raw numbers of type e into float32 or int64.
func widen(e elemType, raw []byte) (elemType, []byte) {
	le := binary.LittleEndian
	var b []byte
	switch e {
	case elemFloat16:
		for i := 0; i+2 <= len(raw); i += 2 {
			b = le.AppendUint32(b, math.Float32bits(half(le.Uint16(raw[i:]))))
		}
		return elemFloat32, b
	case elemBFloat:
		for i := 0; i+2 <= len(raw); i += 2 {
			b = le.AppendUint32(b, uint32(le.Uint16(raw[i:]))<<16)
		}
		return elemFloat32, b
	case elemFloat64:
		for i := 0; i+8 <= len(raw); i += 8 {
			b = le.AppendUint32(b, math.Float32bits(float32(math.Float64frombits(le.Uint64(raw[i:])))))
		}
		return elemFloat32, b
	case elemInt32:
		for i := 0; i+4 <= len(raw); i += 4 {
			b = le.AppendUint64(b, uint64(int64(int32(le.Uint32(raw[i:])))))
		}
		return elemInt64, b
	case elemBool:
		for _, v := range raw {
			b = le.AppendUint64(b, uint64(min(v, 1)))
		}
		return elemInt64, b
	}
	return e, raw
}

// half returns the number that IEEE 754 binary16 h stands for.
func half(h uint16) float32 {
	sign, exp, frac := float32(1), int(h>>10&31), int(h&1023)
	if h>>15 != 0 {
		sign = -1
	}
	switch exp {
	case 0:
		return sign * float32(math.Ldexp(float64(frac), -24))
	case 31:
		if frac != 0 {
			return float32(math.NaN())
		}
		return sign * float32(math.Inf(1))
	}
	return sign * float32(math.Ldexp(float64(1024+frac), exp-25))
}
