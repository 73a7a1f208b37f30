//go:build !purego

package kernel

// neonPack writes up to size filters of k elements as [k/2][size][2], with
// zeros for what is not there. size is a multiple of 8.
func neonPack(to, filters []int8, k, size int) {
	n := len(filters) / k
	done := 0 // elements of every filter
	if n == size && k >= 16 {
		done = k &^ 15
		for c := 0; c < size; c += 8 {
			neonPack8(&neonPackArgs{
				filters: &filters[c*k], out: &to[2*c], length: k, stride: 2 * size, steps: k / 16,
			})
		}
	}
	for c := range n {
		for i, w := range filters[c*k+done : (c+1)*k] {
			i += done
			to[i/2*2*size+2*c+i%2] = w
		}
	}
}

type neonPackArgs struct {
	filters *int8
	out     *int8
	length  int // of a filter
	stride  int // from one pair to the next
	steps   int // of 16 elements
}

//go:noescape
func neonPack8(args *neonPackArgs)
