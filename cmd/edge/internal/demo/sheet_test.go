package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"golang.org/x/image/draw"
)

func TestSheet(t *testing.T) {
	photo := image.NewRGBA(image.Rect(0, 0, 320, 240))
	blue := color.RGBA{20, 40, 200, 255}
	draw.Draw(photo, photo.Bounds(), image.NewUniform(blue), image.Point{}, draw.Src)
	tally := NewTally([]string{"cup"})
	tally.Add("cup", "cup")
	tally.Add(Unknown, "cup")
	s := &Sheet{
		Title: "title", Lessons: []Row{{Name: "cup", Pictures: []image.Image{photo, photo}, Cut: 1}}, Tally: tally, Facts: []string{"a fact"},
		Scenes: []Column{
			{Name: "cup", Tiles: []Tile{{photo, Right, "cup", 0.1, 0.3}}},
			{Name: "coin", Tiles: []Tile{{photo, Refused, Unknown, 0.9, 0.3}}},
			{Name: "moon", Tiles: []Tile{{photo, Wrong, "cup", 0.2, 0.3}}},
		},
	}
	var b bytes.Buffer
	if err := s.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if m.Bounds().Dx() != sheetW {
		t.Errorf("%v, want %d pixels wide", m.Bounds(), sheetW)
	}
	top := s.draw(nil) - (max(len(tally.Count)+1, len(s.Facts))*cellH + border) - 36 - 26 - 12 - tileH - gap // of the tiles
	for i, want := range []color.RGBA{green, amber, red} {
		x := border + i*(tileW+gap)
		if got := rgbaAt(m, x+tileW/2, top+photoH/2); got != blue {
			t.Errorf("tile %d: %v where the photograph is", i, got)
		}
		if got := rgbaAt(m, x+tileW/2, top+photoH+2); got != want {
			t.Errorf("tile %d: its line is %v, want %v", i, got, want)
		}
		// The bar is as long as the distance, and there is a tick at the limit.
		d := s.Scenes[i].Tiles[0].Distance
		wide := float64(tileW - 20)
		y := top + photoH + 44
		if got := rgbaAt(m, x+10+int(wide*d)-2, y); got != want {
			t.Errorf("tile %d: the bar ends before %v", i, d)
		}
		if got := rgbaAt(m, x+10+int(wide*d)+2, y); got != rail {
			t.Errorf("tile %d: the bar goes on after %v", i, d)
		}
		if got := rgbaAt(m, x+10+int(wide*0.3), y); got != ink {
			t.Errorf("tile %d: %v at the limit, want a tick", i, got)
		}
	}
}

func rgbaAt(m image.Image, x, y int) color.RGBA {
	return color.RGBAModel.Convert(m.At(x, y)).(color.RGBA)
}

// More scenes than fit beside each other go below.
func TestSheetGrowsWithItsScenes(t *testing.T) {
	s := &Sheet{Tally: NewTally(nil)}
	empty := s.draw(nil)
	for n, want := range map[int]int{1: 1, columns: 1, columns + 1: 2} {
		s.Scenes = make([]Column, n)
		for i := range s.Scenes {
			s.Scenes[i].Tiles = make([]Tile, 2)
		}
		if got := s.draw(nil) - empty; got != want*(sceneTop+12+2*(tileH+gap)) {
			t.Errorf("%d scenes make the sheet %d pixels higher, want %d rows", n, got, want)
		}
	}
}
