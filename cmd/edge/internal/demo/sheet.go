package demo

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/font/inconsolata"
	"golang.org/x/image/math/fixed"
)

// Verdict is how an answer compares with what was shown.
type Verdict uint8

// Verdicts.
const (
	Lesson  Verdict = iota // a shot: nothing was asked
	Right                  // a taught object by its name
	Refused                // something never taught, called unknown
	Wrong
)

// Tile is one picture of the contact sheet.
type Tile struct {
	Picture   image.Image
	Verdict   Verdict
	Label     string // what was answered, or for a lesson what was taught
	Note      string // small print
	Distance  float64
	Threshold float64
}

// Sheet is what the contact sheet shows.
type Sheet struct {
	Title, Subtitle string
	Lessons         []Row
	Answers         []Tile
	Tally           *Tally
	Facts           []string // lines beside the table
}

// Row is the lessons of one class.
type Row struct {
	Name  string
	Note  string
	Tiles []Tile
}

// The sheet's colours.
var (
	paper  = color.RGBA{0x12, 0x16, 0x1d, 255}
	panel  = color.RGBA{0x1c, 0x22, 0x2c, 255}
	rail   = color.RGBA{0x33, 0x3c, 0x4a, 255}
	ink    = color.RGBA{0xe8, 0xec, 0xf2, 255}
	faint  = color.RGBA{0x93, 0x9f, 0xb0, 255}
	green  = color.RGBA{0x4c, 0xc3, 0x7a, 255}
	amber  = color.RGBA{0xe9, 0xb4, 0x4c, 255}
	red    = color.RGBA{0xf0, 0x5d, 0x5e, 255}
	blue   = color.RGBA{0x6c, 0xa8, 0xf0, 255}
	colour = [...]color.RGBA{Lesson: blue, Right: green, Refused: amber, Wrong: red}
)

// Sizes in pixels.
const (
	sheetMargin = 36
	gap         = 14
	perRow      = 8
	tileW       = 200
	photoH      = 150
	tileH       = photoH + 58
	thumbW      = 72
	thumbH      = 54
	sheetW      = 2*sheetMargin + perRow*tileW + (perRow-1)*gap
)

// WritePNG draws the sheet.
func (s *Sheet) WritePNG(w io.Writer) error {
	c := newCanvas(sheetW, s.height())
	s.draw(c)
	return png.Encode(w, c.img)
}

func (s *Sheet) height() int {
	rows := (len(s.Answers) + perRow - 1) / perRow
	return sheetMargin + 92 + s.lessonsHeight() + 54 + rows*(tileH+gap) + s.footHeight() + sheetMargin
}

func (s *Sheet) lessonsHeight() int {
	return 44 + (len(s.Lessons)+1)/2*(thumbH+42+gap)
}

func (s *Sheet) footHeight() int {
	return 64 + max(len(s.Tally.Count)+1, len(s.Facts))*34 + 20
}

func (s *Sheet) draw(c *canvas) {
	y := sheetMargin
	c.text(title, ink, sheetMargin, y+34, s.Title)
	c.text(body, faint, sheetMargin, y+66, s.Subtitle)
	y += 92

	c.text(head, ink, sheetMargin, y+22, "Lessons")
	c.text(body, faint, sheetMargin+head.width("Lessons")+16, y+22, "one press of the button, one shot")
	y += 44
	const columns = 2
	half := (sheetW - 2*sheetMargin - gap) / columns
	for i, r := range s.Lessons {
		x := sheetMargin + i%columns*(half+gap)
		top := y + i/columns*(thumbH+42+gap)
		c.fill(image.Rect(x, top, x+half, top+thumbH+42), panel)
		c.text(bold, ink, x+14, top+28, r.Name)
		c.text(body, faint, x+14+bold.width(r.Name)+12, top+28, r.Note)
		for j, t := range r.Tiles {
			c.photo(t.Picture, image.Rect(0, 0, thumbW, thumbH).Add(image.Pt(x+14+j*(thumbW+8), top+thumbH-16)))
		}
	}
	y += s.lessonsHeight() - 44

	c.text(head, ink, sheetMargin, y+30, "Then it looks by itself")
	lx := sheetMargin + head.width("Then it looks by itself") + 28
	for _, l := range []struct {
		v Verdict
		s string
	}{{Right, "named right"}, {Refused, "never taught, called unknown"}, {Wrong, "wrong"}} {
		c.fill(image.Rect(lx, y+17, lx+14, y+31), colour[l.v])
		c.text(body, faint, lx+22, y+30, l.s)
		lx += 22 + body.width(l.s) + 26
	}
	c.text(body, faint, lx, y+30, "bar: distance to the nearest class; tick: the limit beyond which it is unknown")
	y += 54

	for i, t := range s.Answers {
		c.tile(t, sheetMargin+i%perRow*(tileW+gap), y+i/perRow*(tileH+gap))
	}
	y += (len(s.Answers) + perRow - 1) / perRow * (tileH + gap)
	s.foot(c, y)
}

// foot draws the confusion table and the facts beside it.
func (s *Sheet) foot(c *canvas, y int) {
	const nameW, cellW, rowH = 150, 112, 34
	c.text(head, ink, sheetMargin, y+30, "Shown (rows) and answered (columns), frames")
	top := y + 52
	for j, n := range s.Tally.Names {
		c.centre(body, faint, sheetMargin+nameW+j*cellW+cellW/2, top+22, n)
	}
	for i, row := range s.Tally.Count {
		yy := top + (i+1)*rowH
		c.text(body, faint, sheetMargin, yy+22, s.Tally.Names[i])
		for j, n := range row {
			r := image.Rect(0, 0, cellW-4, rowH-4).Add(image.Pt(sheetMargin+nameW+j*cellW+2, yy))
			bg, fg := panel, faint
			switch {
			case n == 0:
			case i != j:
				bg, fg = red, paper
			case i == len(s.Tally.Count)-1:
				bg, fg = amber, paper
			default:
				bg, fg = green, paper
			}
			c.fill(r, bg)
			c.centre(bold, fg, r.Min.X+r.Dx()/2, r.Min.Y+21, fmt.Sprint(n))
		}
	}
	x := sheetMargin + nameW + len(s.Tally.Names)*cellW + 60
	for i, f := range s.Facts {
		c.text(body, ink, x, top+22+i*rowH, f)
	}
}

// canvas draws rectangles, pictures and words.
type canvas struct{ img *image.RGBA }

// A style is a bitmap font, 8×16 pixels a character, and how many times as
// large it is drawn.
type style struct {
	face  *basicfont.Face
	scale float64
}

var (
	title = style{inconsolata.Bold8x16, 2}
	head  = style{inconsolata.Bold8x16, 1.5}
	bold  = style{inconsolata.Bold8x16, 1}
	body  = style{inconsolata.Regular8x16, 1}
)

func newCanvas(w, h int) *canvas {
	c := &canvas{image.NewRGBA(image.Rect(0, 0, w, h))}
	c.fill(c.img.Bounds(), paper)
	return c
}

func (c *canvas) fill(r image.Rectangle, col color.RGBA) {
	draw.Draw(c.img, r, image.NewUniform(col), image.Point{}, draw.Src)
}

func (c *canvas) photo(p image.Image, r image.Rectangle) {
	if p == nil {
		c.fill(r, rail)
		return
	}
	draw.CatmullRom.Scale(c.img, r, p, p.Bounds(), draw.Src, nil)
}

// text writes s with its baseline beginning at (x, y).
func (c *canvas) text(st style, col color.RGBA, x, y int, s string) {
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(col), Face: st.face, Dot: fixed.P(x, y)}
	if st.scale == 1 {
		d.DrawString(s)
		return
	}
	small := image.NewRGBA(image.Rect(0, 0, font.MeasureString(st.face, s).Ceil(), st.face.Height))
	d.Dst, d.Dot = small, fixed.P(0, st.face.Ascent)
	d.DrawString(s)
	top := y - int(float64(st.face.Ascent)*st.scale)
	large := image.Rect(x, top, x+st.width(s), top+int(float64(st.face.Height)*st.scale))
	draw.CatmullRom.Scale(c.img, large, small, small.Bounds(), draw.Over, nil)
}

func (st style) width(s string) int {
	return int(float64(font.MeasureString(st.face, s).Ceil()) * st.scale)
}

func (c *canvas) centre(st style, col color.RGBA, x, y int, s string) {
	c.text(st, col, x-st.width(s)/2, y, s)
}

func (c *canvas) right(st style, col color.RGBA, x, y int, s string) {
	c.text(st, col, x-st.width(s), y, s)
}

// tile draws an answer: the picture in the colour of its verdict, the name,
// and the distance against its limit.
func (c *canvas) tile(t Tile, x, y int) {
	col := colour[t.Verdict]
	c.fill(image.Rect(x, y, x+tileW, y+tileH), panel)
	c.photo(t.Picture, image.Rect(x, y, x+tileW, y+photoH))
	c.fill(image.Rect(x, y+photoH, x+tileW, y+photoH+4), col)
	c.text(bold, col, x+10, y+photoH+25, t.Label)
	c.right(body, faint, x+tileW-10, y+photoH+24, t.Note)
	c.bar(image.Rect(x+10, y+photoH+38, x+tileW-10, y+photoH+46), t.Distance, t.Threshold, col)
}

// bar is 0 … 1 in cosine distance, with a tick at the threshold.
func (c *canvas) bar(r image.Rectangle, distance, threshold float64, col color.RGBA) {
	at := func(v float64) int { return r.Min.X + int(min(max(v, 0), 1)*float64(r.Dx())) }
	c.fill(r, rail)
	c.fill(image.Rect(r.Min.X, r.Min.Y, max(at(distance), r.Min.X+2), r.Max.Y), col)
	if threshold > 0 {
		x := at(threshold)
		c.fill(image.Rect(x-1, r.Min.Y-4, x+1, r.Max.Y+4), ink)
	}
}
