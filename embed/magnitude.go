package embed

import "encoding/binary"

// magnitude returns Σ|w|, and whether a weight is −128. Every model's weights
// pass through here when it is opened, so it takes eight at a time.
func magnitude(w []int8) (sum int64, lowest bool) {
	const (
		ones = 0x0101010101010101
		even = 0x00ff00ff00ff00ff
		// A lane of 16 bits has room for so many pairs of |−128|.
		room = 0xffff / (2 * 128)
	)
	b := rawBytes(w)
	var seen uint64
	for len(b) >= 8 {
		var lanes uint64
		for range room {
			if len(b) < 8 {
				break
			}
			x := binary.LittleEndian.Uint64(b)
			negative := x >> 7 & ones
			abs := (x ^ negative*0xff) + negative // no carry: −128 becomes 0x80
			seen |= abs
			lanes += abs&even + abs>>8&even
			b = b[8:]
		}
		sum += int64(lanes&0xffff + lanes>>16&0xffff + lanes>>32&0xffff + lanes>>48)
	}
	for _, v := range b {
		abs := uint64(max(int(int8(v)), -int(int8(v))))
		seen |= abs
		sum += int64(abs)
	}
	return sum, seen&(ones<<7) != 0
}
