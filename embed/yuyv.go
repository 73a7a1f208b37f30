package embed

// yuyvToRGB converts len(dst)/3 pixels from column x of a YUYV row, by the
// formula in Preprocess's documentation, with the help of by unless it is nil.
func yuyvToRGB(dst, line []byte, x int, by *resizer) {
	// A square may begin or end in the middle of a pair.
	if x%2 != 0 {
		q := line[(x-1)*2:]
		yuvPixel(dst, q[2], q[1], q[3])
		dst, x = dst[3:], x+1
	}
	line = line[x*2:]
	if n := len(dst) / 3 &^ 15; by != nil && n > 0 {
		by.yuyv(&dst[0], &line[:2*n][0], n)
		dst, line = dst[3*n:], line[2*n:]
	}
	for len(dst) >= 6 && len(line) >= 4 {
		d, e := int32(line[1])-128, int32(line[3])-128
		r := 104597*e + 1<<15
		g := -25675*d - 53279*e + 1<<15
		b := 132201*d + 1<<15
		c := 76309 * (int32(line[0]) - 16)
		dst[0], dst[1], dst[2] = clampByte((c+r)>>16), clampByte((c+g)>>16), clampByte((c+b)>>16)
		c = 76309 * (int32(line[2]) - 16)
		dst[3], dst[4], dst[5] = clampByte((c+r)>>16), clampByte((c+g)>>16), clampByte((c+b)>>16)
		dst, line = dst[6:], line[4:]
	}
	if len(dst) >= 3 {
		yuvPixel(dst, line[0], line[1], line[3])
	}
}

func yuvPixel(dst []byte, y, u, v byte) {
	c, d, e := 76309*(int32(y)-16), int32(u)-128, int32(v)-128
	dst[0] = clampByte((c + 104597*e + 1<<15) >> 16)
	dst[1] = clampByte((c - 25675*d - 53279*e + 1<<15) >> 16)
	dst[2] = clampByte((c + 132201*d + 1<<15) >> 16)
}

func clampByte(v int32) byte { return byte(min(max(v, 0), 255)) }
