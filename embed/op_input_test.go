package embed

import (
	"bytes"
	"testing"
)

// TestFlipBits wants every byte of rows of all lengths, and none beyond.
func TestFlipBits(t *testing.T) {
	table := newIntTable(Input{Mean: [3]float32{127, 127, 127}, Std: [3]float32{128, 128, 128}}, QValue{Scale: 1.0 / 128, Zero: -1}, 0)
	if !table.plain {
		t.Fatal("q = rgb − 128 is not found to be the picture's bytes but for a bit")
	}
	src := make([]byte, 1600)
	for i := range src {
		src[i] = byte(i * 31 >> 2)
	}
	for _, n := range []int{0, 1, 3, 15, 48, 511, 512, 513, 672, 1024, 1599} {
		dst := make([]byte, n+1)
		dst[n] = 7
		flipBits(dst[:n], src[:n], &table.bits)
		want := make([]byte, n+1)
		want[n] = 7
		for i, v := range src[:n] {
			want[i] = v ^ 0x80
		}
		if !bytes.Equal(dst, want) {
			t.Errorf("%d bytes: wrong", n)
		}
	}
}

// TestPlainInput wants the table wherever the bytes are not the picture's.
func TestPlainInput(t *testing.T) {
	in := Input{Mean: [3]float32{127, 127, 127}, Std: [3]float32{128, 128, 128}}
	for _, c := range []struct {
		change func(*Input, *QValue)
		flip   uint8
		plain  bool
		bits   uint8
	}{
		{func(*Input, *QValue) {}, 0, true, 0x80},
		{func(*Input, *QValue) {}, 0x80, true, 0},
		{func(_ *Input, q *QValue) { q.Zero = 0 }, 0, false, 0},
		{func(_ *Input, q *QValue) { q.Scale = 1.0 / 64 }, 0, false, 0},
		{func(in *Input, _ *QValue) { in.Mean[2] = 128 }, 0, false, 0},
		{func(in *Input, _ *QValue) { in.Std[1] = 129 }, 0x80, false, 0},
	} {
		in, q := in, QValue{Scale: 1.0 / 128, Zero: -1}
		c.change(&in, &q)
		table := newIntTable(in, q, c.flip)
		if table.plain != c.plain || c.plain && table.bits[3] != c.bits {
			t.Errorf("%+v, %+v, flip %#x: plain %t, bits %#x", in, q, c.flip, table.plain, table.bits[3])
		}
	}
}
