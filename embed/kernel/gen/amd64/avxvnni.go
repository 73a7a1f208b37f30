package main

func init() {
	files["avxvnni_amd64.s"] = func(f *file) {
		c := newConstants(f)
		for _, halves := range []int{2, 1} {
			for pixels := maxPixels; pixels > 0; pixels-- {
				newTile(f, c, "avxvnniDense", denseDoc, pixels, halves, avxvnniDense)
			}
		}
		for pixels := maxPixels; pixels > 0; pixels-- {
			newTile(f, c, "avxvnniDepthwise", depthwiseDoc, pixels, 2, avxvnniDepthwise)
		}
		avxvnniInterleave(f)
	}
}

// avxvnniDense is the step of a dense kernel: 4 inputs of each pixel, 8·halves
// channels.
func avxvnniDense(halves int) []func(*tile) int {
	return []func(*tile) int{func(t *tile) int {
		for h := range halves {
			t.op("VMOVDQU %s, %s", t.weights(32*h), t.free(h))
		}
		for p := range t.pixels {
			a := 2 + p%2
			t.op("VPBROADCASTD %s, %s", t.at(p, 0), t.free(a))
			for h := range halves {
				t.dot(12+h, 12+a, p*halves+h)
			}
		}
		return 32 * halves
	}}
}

// avxvnniDepthwise is the step of a depthwise kernel: four rows, interleaved,
// of 16 channels of each pixel.
func avxvnniDepthwise(int) []func(*tile) int {
	return []func(*tile) int{func(t *tile) int {
		t.op("VMOVDQU %s, %s", t.weights(0), t.free(0))
		t.op("VMOVDQU %s, %s", t.weights(32), t.free(1))
		for p := range t.pixels {
			for h := range 2 {
				t.op("VMOVDQU %s, %s", t.at(p, 32*h), t.free(2+h))
				t.dot(12+h, 12+2+h, 2*p+h)
			}
		}
		return 64
	}}
}

// avxvnniInterleave makes of four rows what avxvnniDepthwise wants.
func avxvnniInterleave(f *file) {
	k := f.kernel("avxvnniInterleave", "interleaveArgs", interleaveDoc)
	k.load("to", "SI", "step", "R8", "n", "R9")
	for i, r := range []string{"AX", "BX", "CX", "DX"} {
		k.op("MOVQ %s_row+%d(DI), %s", k.args, 8*i, r)
	}
	k.label("column")
	k.op(`VMOVDQU (AX), X0
		VMOVDQU (CX), X1
		VPUNPCKLBW (BX), X0, X2
		VPUNPCKHBW (BX), X0, X0
		VPUNPCKLBW (DX), X1, X3
		VPUNPCKHBW (DX), X1, X1
		VPUNPCKLWD X3, X2, X4
		VPUNPCKHWD X3, X2, X2
		VPUNPCKLWD X1, X0, X3
		VPUNPCKHWD X1, X0, X0
		VMOVDQU X4, (SI)
		VMOVDQU X3, 16(SI)
		VMOVDQU X2, 32(SI)
		VMOVDQU X0, 48(SI)
		ADDQ R8, AX
		ADDQ R8, BX
		ADDQ R8, CX
		ADDQ R8, DX
		ADDQ $64, SI
		DECQ R9
		JNZ column`)
	k.ret()
}

// dot is VPDPBUSD of AVX-VNNI, which Go's assembler does not know: it adds
// four products of a's unsigned by w's signed bytes to each 32 bits of acc.
func (t *tile) dot(w, a, acc int) {
	b := dotEncoding(w, a, acc)
	t.op("BYTE $0x%02X; BYTE $0x%02X; BYTE $0x%02X; BYTE $0x%02X; BYTE $0x%02X // VPDPBUSD %s, %s, %s",
		b[0], b[1], b[2], b[3], b[4], ymm(w), ymm(a), ymm(acc))
}

// dotEncoding is VEX.256.66.0F38.W0 50 /r: the accumulator is ModRM.reg, the
// unsigned operand VEX.vvvv, the signed one ModRM.rm.
func dotEncoding(w, a, acc int) [5]byte {
	r, b := byte(acc>>3^1), byte(w>>3^1)
	return [5]byte{
		0xC4,
		r<<7 | 1<<6 | b<<5 | 0x02,
		byte(^a&15)<<3 | 1<<2 | 0x01,
		0x50,
		0xC0 | byte(acc&7)<<3 | byte(w&7),
	}
}
