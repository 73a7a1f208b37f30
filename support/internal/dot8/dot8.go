// Package dot8 multiplies many rows of int8 by one of int16: what a search
// through sketches of embeddings spends its time with.
package dot8

// Step is what the length of a row is a multiple of.
const Step = 16

// Rows subtracts the inner products of q with rows of x from base:
//
//	for i := range dst {
//		dst[i] = base[i] - Σ q[j]·x[i·len(q)+j]
//	}
//
// base is as long as dst, x holds len(dst) rows of len(q), and len(q) is a
// multiple of Step; anything else panics. Sums wrap around. It allocates
// nothing, and gives the same on every processor.
func Rows(dst, base []int32, q []int16, x []int8) {
	if len(q)%Step != 0 || len(base) != len(dst) || len(x) != len(dst)*len(q) {
		panic("dot8: lengths do not fit")
	}
	if len(x) > 0 {
		rows(dst, base, q, x)
	}
}

// Picked is Rows for some of the rows:
//
//	for i, row := range at {
//		dst[i] = base[row] - Σ q[j]·x[row·len(q)+j]
//	}
//
// dst is as long as at, and base and x hold all rows; anything else, and a row
// that is not there, panics.
func Picked(dst, base []int32, q []int16, x []int8, at []int32) {
	if len(q)%Step != 0 || len(x) != len(base)*len(q) || len(dst) != len(at) {
		panic("dot8: lengths do not fit")
	}
	for _, row := range at {
		_ = base[row]
	}
	if len(at) > 0 && len(x) > 0 {
		picked(dst, base, q, x, at)
	}
}

// args is what the assembly works on, as in Rows and Picked.
type args struct {
	dst, base *int32
	q         *int16
	x         *int8
	n, width  int // at least 1 and Step
	at        *int32
}

func generic(dst, base []int32, q []int16, x []int8) {
	for i := range dst {
		sum := base[i]
		row := x[:len(q)]
		for j, v := range q {
			sum -= int32(v) * int32(row[j])
		}
		dst[i] = sum
		x = x[len(q):]
	}
}

func genericPicked(dst, base []int32, q []int16, x []int8, at []int32) {
	for i, row := range at {
		r := int(row)
		generic(dst[i:i+1], base[r:r+1], q, x[r*len(q):(r+1)*len(q)])
	}
}
