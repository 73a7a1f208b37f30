package support

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Quality is how good the picture is that a shot was made of, measured on the
// network's input when it was taken. A Set keeps the figures and goes by none
// of them: they are for whoever wonders later why a shot is of little use.
//
// What sharpness comes to is up to the subject: to 42 … 1,600, half of them above
// 630, in 40 photographs of groceries at 224 pixels a side; to 5 … 25 in the same
// ones blurred by a Gaussian of 1.1 % of their side.
type Quality struct {
	Light     float32 `json:"light"`     // mean luma: 0 is black, 1 white
	Dark      float32 `json:"dark"`      // share of pixels that are all but black, 0 … 1
	Bright    float32 `json:"bright"`    // share of pixels that are all but white, 0 … 1
	Contrast  float32 `json:"contrast"`  // standard deviation of the channel that varies most, 0 … 0.5
	Sharpness float32 `json:"sharpness"` // variance of the Laplacian of luma, in levels of 255
}

// Check says which figure cannot be.
func (q Quality) Check() error {
	for _, f := range [...]struct {
		name     string
		is, most float32
	}{
		{"light", q.Light, 1}, {"dark", q.Dark, 1}, {"bright", q.Bright, 1},
		{"contrast", q.Contrast, 0.5}, {"sharpness", q.Sharpness, math.MaxFloat32},
	} {
		if !(f.is >= 0 && f.is <= f.most) { // NaN is neither
			return fmt.Errorf("quality: %s is %v, want 0 to %v", f.name, f.is, f.most)
		}
	}
	return nil
}

// qualitySize is what the figures take in a record, without their length.
const qualitySize = 5 * 4

// appendQuality appends the end of a shot's meta; a shot without figures has
// none.
func appendQuality(b []byte, q *Quality) []byte {
	if q == nil {
		return b
	}
	le := binary.LittleEndian
	b = le.AppendUint16(b, qualitySize)
	for _, v := range [...]float32{q.Light, q.Dark, q.Bright, q.Contrast, q.Sharpness} {
		b = le.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// decodeQuality reads what follows the embedding in a shot's meta: nil where
// nothing does. More figures, and more behind them, are left to later minor
// versions.
func decodeQuality(b []byte) (*Quality, error) {
	if len(b) == 0 {
		return nil, nil
	}
	le := binary.LittleEndian
	cut := errors.New("the figures of its quality are cut off")
	if len(b) < 2 {
		return nil, cut
	}
	n := int(le.Uint16(b))
	switch b = b[2:]; {
	case n == 0:
		return nil, nil
	case n < qualitySize || len(b) < n:
		return nil, cut
	}
	figure := func(i int) float32 { return math.Float32frombits(le.Uint32(b[4*i:])) }
	q := &Quality{figure(0), figure(1), figure(2), figure(3), figure(4)}
	return q, q.Check()
}
