package main

const denseDoc = `
for tile := range args.n {
	for p := range pixels {
		acc := bias
		for every step of every kind {
			for i := range 4 {
				acc[c] += weight[step][c][i] * in[inAt[p]+at[step]+i]
			}
		}
		out[outAt[p]+c] = clamp(rdm(acc[c], mult[c]), lo, hi) ^ 0x80
	}
}`

const depthwiseDoc = `
for tile := range args.n {
	for p := range pixels {
		acc := bias
		for every step {
			for i := range group {
				acc[c] += weight[step][c][i] * in[inAt[p]+at[step]][c][i]
			}
		}
		out[outAt[p]+c] = clamp(rdm(acc[c], mult[c]), lo, hi) ^ 0x80
	}
}`

func init() {
	files["avx2_amd64.s"] = func(f *file) {
		c := newConstants(f)
		for _, halves := range []int{2, 1} {
			for pixels := maxPixels; pixels > 0; pixels-- {
				newTile(f, c, "avx2Dense", denseDoc, pixels, halves, c.avx2Dense)
			}
		}
		for pixels := maxPixels; pixels > 0; pixels-- {
			newTile(f, c, "avx2Depthwise", depthwiseDoc, pixels, 2, avx2Depthwise)
		}
		avx2Interleave(f)
		avx2Add(f, c)
		avx2Mean(f)
		ones, most := uint64(0x0101010101010101), uint64(0x0080008000800080)
		c.byteOnes = f.table("byteOnes", 8, ones, ones, ones, ones)
		c.most = f.table("most", 8, most, most, most, most)
		avx2Transpose(f, c)
		avx2Store(f, c)
	}
}

// avx2Depthwise is the step of a depthwise kernel: two rows, interleaved and
// widened, of 16 channels of each pixel.
func avx2Depthwise(int) []func(*tile) int {
	return []func(*tile) int{func(t *tile) int {
		t.op("VMOVDQU %s, %s", t.weights(0), t.free(0))
		t.op("VMOVDQU %s, %s", t.weights(32), t.free(1))
		for p := range t.pixels {
			for h := range 2 {
				t.op("VPMADDWD %s, %s, %s", t.at(p, 32*h), t.free(h), t.free(2+h))
				t.op("VPADDD %[1]s, %[2]s, %[2]s", t.free(2+h), t.acc(p, h))
			}
		}
		return 64
	}}
}

const interleaveDoc = `
for x := range args.n {
	for c := range 16 {
		for i := range rows {
			to[x][half(c)][c][i] = row[i][step*x+c] // widened to the size of a product's operand
		}
	}
}`

// avx2Interleave makes of two rows what avx2Depthwise wants.
func avx2Interleave(f *file) {
	k := f.kernel("avx2Interleave", "interleaveArgs", interleaveDoc)
	k.load("to", "SI", "step", "R8", "n", "R9")
	k.op("MOVQ %s_row+0(DI), AX\nMOVQ %s_row+8(DI), BX", k.args, k.args)
	k.label("column")
	k.op(`VPMOVZXBW (AX), Y0
		VPMOVZXBW (BX), Y1
		VPUNPCKLWD Y1, Y0, Y2
		VPUNPCKHWD Y1, Y0, Y3
		VMOVDQU Y2, (SI)
		VMOVDQU Y3, 32(SI)
		ADDQ R8, AX
		ADDQ R8, BX
		ADDQ $64, SI
		DECQ R9
		JNZ column`)
	k.ret()
}

// avx2Dense are the steps of a dense kernel: 4 inputs of each pixel, 8·halves
// channels.
//
// VPMADDUBSW multiplies unsigned by signed bytes and adds two products, and
// saturates at 16 bits. There are two ways never to saturate:
//
//   - Plain. The unsigned inputs, up to 255, with signed weights, where no two
//     weights that are added up exceed 128 together: 255·128 < 2¹⁵.
//   - Signed. The weights' magnitudes, up to 127, with signed inputs, from −128
//     to 127, that carry the weights' signs: 128·(127+127) < 2¹⁵. For a
//     positive weight the input q is u^0x80; for a negative one u^0x7F is
//     −1−q, where the lost |w|·1 is in the bias. Each weight comes with what
//     its input is XORed with.
//
// Half h of kind k is signed if bit h of k is set.
func (c *constants) avx2Dense(halves int) []func(*tile) int {
	var kinds []func(*tile) int
	for kind := range 1 << halves {
		kinds = append(kinds, func(t *tile) int { return c.avx2Step(t, kind) })
	}
	return kinds
}

func (c *constants) avx2Step(t *tile, kind int) int {
	const plain, signed = 32, 64
	size := func(half int) int {
		if kind>>half&1 == 1 {
			return signed
		}
		return plain
	}
	// A product of one half, of the pixel in register a: u is free to change.
	madd := func(p, h int, w, mask, a, u string) {
		if mask == "" {
			t.op("VPMADDUBSW %s, %s, %s", w, a, u)
		} else {
			t.op("VPXOR %s, %s, %s", mask, a, u)
			t.op("VPMADDUBSW %s, %s, %s", u, w, u)
		}
		t.op("VPMADDWD %s, %s, %s", c.ones, u, u)
		t.op("VPADDD %s, %s, %s", u, t.acc(p, h), t.acc(p, h))
	}
	switch {
	case t.halves == 2 && kind != 3:
		// Both halves in registers; a mask in memory.
		mask := [2]string{}
		at := 0
		for h := range 2 {
			t.op("VMOVDQU %s, %s", t.weights(at), t.free(h))
			if size(h) == signed {
				mask[h] = t.weights(at + 32)
			}
			at += size(h)
		}
		for p := range t.pixels {
			t.op("VPBROADCASTD %s, %s", t.at(p, 0), t.free(2))
			madd(p, 0, t.free(0), mask[0], t.free(2), t.free(3))
			madd(p, 1, t.free(1), mask[1], t.free(2), t.free(2))
		}
		return at
	default:
		// One half after the other, with its mask in a register.
		at := 0
		for h := range t.halves {
			mask := ""
			t.op("VMOVDQU %s, %s", t.weights(at), t.free(0))
			if size(h) == signed {
				mask = t.free(1)
				t.op("VMOVDQU %s, %s", t.weights(at+32), mask)
			}
			for p := range t.pixels {
				a := t.free(2 + p%2)
				t.op("VPBROADCASTD %s, %s", t.at(p, 0), a)
				madd(p, h, t.free(0), mask, a, a)
			}
			at += size(h)
		}
		return at
	}
}
