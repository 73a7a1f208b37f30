package embed

// PixelFormat is the layout of a Picture's bytes.
type PixelFormat uint8

// Pixel formats that cameras deliver.
const (
	RGB  PixelFormat = iota + 1 // 3 bytes a pixel
	BGR                         // 3 bytes a pixel, OpenCV's order
	YUYV                        // 4 bytes for two pixels: Y0 U Y1 V, BT.601 limited range; even width
)

// Picture is a view of somebody else's pixels, upright, top row first. It is
// never written and never kept.
type Picture struct {
	Pix           []byte
	Width, Height int
	Stride        int // bytes from one row to the next
	Format        PixelFormat
}

// Region is a part of a picture in fractions of its width and height. The
// zero Region is the whole picture. What is embedded is always the centred
// largest square inside the Region.
type Region struct{ X, Y, W, H float64 }
