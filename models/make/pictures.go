package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"iter"

	"github.com/edge-camera/edge/embed"
)

// Calibration pictures: random crops of scikit-image's photographs with changed
// light and colour. Only PNG files are taken, since decoded JPEG pixels may
// change with Go's decoder, and all arithmetic is in integers. None is under
// copyright as far as is known; the moon, the pages, the cells and the colours
// are there for what is smooth, dark or bright. The first two, CC0 (Rachel
// Michetti and Stéfan van der Walt), end up in the model files as GOLD inputs.
var photographs = []string{
	"coffee.png", "chelsea.png", "astronaut.png", "ihc.png", "camera.png",
	"clock_motion.png", "coins.png", "brick.png", "grass.png", "gravel.png",
	"moon.png", "page.png", "text.png", "cell.png", "color.png", "microaneurysms.png",
}

const (
	cropCount = 192
	cropSeed  = 20260101
)

// photograph is a decoded picture.
type photograph struct {
	name string
	embed.Picture
}

func readPhotographs(a archive) ([]photograph, error) {
	var photos []photograph
	for _, name := range photographs {
		b, err := a.read("skimage/data/" + name)
		if err != nil {
			return nil, err
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		photos = append(photos, photograph{name, toRGB(img)})
	}
	return photos, nil
}

// toRGB drops alpha, which none of the photographs has.
func toRGB(img image.Image) embed.Picture {
	r := img.Bounds()
	p := embed.Picture{Width: r.Dx(), Height: r.Dy(), Stride: 3 * r.Dx(), Format: embed.RGB}
	p.Pix = make([]byte, 0, p.Stride*p.Height)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			red, green, blue, _ := img.At(x, y).RGBA()
			p.Pix = append(p.Pix, byte(red>>8), byte(green>>8), byte(blue>>8))
		}
	}
	return p
}

// crops yields n pictures of side×side RGB. A third of those
// after the first few have a part of another photograph in them: what is seen
// together in a picture differs more than it does in so few photographs. The
// slice is valid until the next one.
func crops(photos []photograph, side, n int, seed uint64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var scratch embed.Scratch
		random := newPCG(seed)
		take := func(pix []byte, photo *photograph) error {
			if err := embed.Preprocess(pix, side, crop(photo.Picture, random), embed.Region{}, &scratch); err != nil {
				return fmt.Errorf("%s: %w", photo.name, err)
			}
			if random.below(2) == 1 {
				mirror(pix, side)
			}
			relight(pix, random)
			return nil
		}
		pix, other := make([]byte, side*side*3), make([]byte, side*side*3)
		for i := range n {
			if err := take(pix, &photos[i%len(photos)]); err != nil {
				yield(nil, err)
				return
			}
			if i >= len(photos) && random.below(3) == 0 {
				if err := take(other, &photos[random.below(len(photos))]); err != nil {
					yield(nil, err)
					return
				}
				paste(pix, other, side, random)
			}
			if !yield(pix, nil) {
				return
			}
		}
	}
}

// crop is a random square of 20 to 100 % of the shorter side: what is far away
// in a camera's picture is as soft as a small crop.
func crop(p embed.Picture, random *pcg) embed.Picture {
	short := min(p.Width, p.Height)
	side := max(short*(20+random.below(81))/100, 1)
	x, y := random.below(p.Width-side+1), random.below(p.Height-side+1)
	p.Pix = p.Pix[y*p.Stride+3*x:]
	p.Width, p.Height = side, side
	return p
}

// paste puts a random rectangle of one picture, of 30 to 70 % of the side each
// way, into another.
func paste(pix, from []byte, side int, random *pcg) {
	w, h := side*(30+random.below(41))/100, side*(30+random.below(41))/100
	x, y := random.below(side-w+1), random.below(side-h+1)
	for ; h > 0; h-- {
		at := 3 * (y*side + x)
		copy(pix[at:at+3*w], from[at:])
		y++
	}
}

func mirror(pix []byte, side int) {
	for y := range side {
		row := pix[3*side*y : 3*side*(y+1)]
		for a, b := 0, side-1; a < b; a, b = a+1, b-1 {
			for c := range 3 {
				row[3*a+c], row[3*b+c] = row[3*b+c], row[3*a+c]
			}
		}
	}
}

// relight changes saturation, contrast, brightness and the colour of the light
// by random amounts, in 1/256.
func relight(pix []byte, random *pcg) {
	saturation := 96 + random.below(257) // 0.375 to 1.375
	contrast := 96 + random.below(241)   // 0.375 to 1.3125
	brightness := random.below(129) - 64
	var gain [3]int
	for c := range gain {
		gain[c] = 205 + random.below(103) // 0.80 to 1.20
	}
	for i := 0; i+2 < len(pix); i += 3 {
		grey := (77*int(pix[i]) + 150*int(pix[i+1]) + 29*int(pix[i+2])) >> 8
		for c := range 3 {
			v := grey + (int(pix[i+c])-grey)*saturation>>8
			v = 128 + (v-128)*contrast>>8 + brightness
			v = v * gain[c] >> 8
			pix[i+c] = byte(min(max(v, 0), 255))
		}
	}
}
