package app

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"time"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/embed"
)

// Look is what the camera saw at one moment and what the network made of it.
// It is borrowed: whoever wants to keep a part of it copies that.
type Look struct {
	Embedding embed.Embedding
	Pixels    []byte                 // the network's input: Side·Side·3, RGB
	Side      int                    // of Pixels; 0 where there are none and nothing is judged
	Crop      func() ([]byte, error) // the JPEG to keep with a shot
	Source    string                 // the frame's file, or the camera
	Time      time.Time
	Seq       uint64
}

// Picture returns f's pixels as embed wants them, without copying.
func Picture(f *camera.Frame) embed.Picture {
	p := embed.Picture{Pix: f.Pix, Width: f.Width, Height: f.Height, Stride: f.Stride}
	switch f.Format {
	case camera.RGB:
		p.Format = embed.RGB
	case camera.BGR:
		p.Format = embed.BGR
	case camera.YUYV:
		p.Format = embed.YUYV
	}
	return p
}

// A crop is what another network embeds when the model changes, so it has to
// come to the embedding that the frame came to. Made smaller twice, it does not:
// crops of 320 pixels a side were 0.014 (cosine distance, mean over parts of
// photographs of 480 pixels a side) and 0.011 (frames of a video) from their
// frames, and those of 448, twice a network's input, are 0.004 and 0.007, where a
// class's radius is about 0.3. Photographs take some 45 KB, frames 10.
// Small pictures are made larger for the network, and what JPEG did to them too:
// at quality 90 pictures of 100 pixels a side were 0.028 off, at 97 they are
// 0.005 off for 2 KB more.
const (
	maxCrop      = 448
	cropQuality  = 90
	smallCrop    = 224
	smallQuality = 97
)

// Crop returns the square of f that r names as a JPEG of at most 448×448.
func Crop(f *camera.Frame, r embed.Region) ([]byte, error) {
	_, _, side, err := r.Square(f.Width, f.Height)
	if err != nil {
		return nil, fmt.Errorf("crop: %w", err)
	}
	side = min(side, maxCrop)
	rgb := make([]byte, side*side*3)
	if err := embed.Preprocess(rgb, side, Picture(f), r, new(embed.Scratch)); err != nil {
		return nil, fmt.Errorf("crop: %w", err)
	}
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	for i, o := 0, 0; i < len(rgb); i, o = i+3, o+4 {
		m.Pix[o], m.Pix[o+1], m.Pix[o+2], m.Pix[o+3] = rgb[i], rgb[i+1], rgb[i+2], 0xff
	}
	quality := cropQuality
	if side <= smallCrop {
		quality = smallQuality
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("crop: %w", err)
	}
	return b.Bytes(), nil
}
