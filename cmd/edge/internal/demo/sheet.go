package demo

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"slices"

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
	Right   Verdict = iota // a taught object by its name
	Refused                // something never taught, called unknown
	Wrong
)

// Tile is an answer on the contact sheet.
type Tile struct {
	Picture   image.Image
	Verdict   Verdict
	Label     string
	Distance  float64 // to the nearest class
	Threshold float64 // beyond which it is unknown
}

// Column is the answers to one scene.
type Column struct {
	Name  string // what was shown
	Note  string // on what
	Tiles []Tile
}

// Row is the lessons of one class.
type Row struct {
	Name     string
	Note     string
	Pictures []image.Image
	Cut      int // the process was killed before this picture; 0 if not among these
}

// Sheet is what the contact sheet shows.
type Sheet struct {
	Title, Subtitle string
	Lessons         []Row
	Scenes          []Column
	Tally           *Tally
	Facts           []string // lines beside the table
}

// The sheet's colours.
var (
	paper  = color.RGBA{0x12, 0x16, 0x1d, 255}
	panel  = color.RGBA{0x1c, 0x22, 0x2c, 255}
	rail   = color.RGBA{0x33, 0x3c, 0x4a, 255}
	ink    = color.RGBA{0xe8, 0xec, 0xf2, 255}
	faint  = color.RGBA{0xa3, 0xae, 0xbe, 255}
	green  = color.RGBA{0x4c, 0xc3, 0x7a, 255}
	amber  = color.RGBA{0xe9, 0xb4, 0x4c, 255}
	red    = color.RGBA{0xf0, 0x5d, 0x5e, 255}
	colour = [...]color.RGBA{Right: green, Refused: amber, Wrong: red}
)

// Sizes in pixels.
const (
	border   = 40
	gap      = 14
	columns  = 10 // scenes beside each other
	tileW    = 164
	photoH   = tileW * 3 / 4
	tileH    = photoH + 62
	sceneTop = 48 // the words above a column
	rows     = 4  // lessons beside each other
	thumbW   = 74
	thumbH   = thumbW * 3 / 4
	lessonH  = thumbH + 56
	cellH    = 34
	sheetW   = 2*border + columns*tileW + (columns-1)*gap
)

// WritePNG draws the sheet.
func (s *Sheet) WritePNG(w io.Writer) error {
	c := newCanvas(sheetW, s.draw(nil))
	s.draw(c)
	return png.Encode(w, c.img)
}

// draw draws on c, which may be nil, and returns the height that takes.
func (s *Sheet) draw(c *canvas) int {
	y := border
	c.text(title, ink, border, y+28, s.Title)
	c.text(body, faint, border, y+62, s.Subtitle)
	y += 104

	c.text(head, ink, border, y+18, "Lessons")
	c.text(body, faint, border+head.width("Lessons")+20, y+18, "one press of the button, one shot")
	y += 36
	wide := (sheetW - 2*border - (rows-1)*gap) / rows
	for i, r := range s.Lessons {
		c.lesson(r, image.Rect(0, 0, wide, lessonH).Add(image.Pt(border+i%rows*(wide+gap), y+i/rows*(lessonH+gap))))
	}
	y += (len(s.Lessons)+rows-1)/rows*(lessonH+gap) + 30

	c.text(head, ink, border, y+18, "Then it looks by itself")
	x := border + head.width("Then it looks by itself") + 30
	for _, l := range []struct {
		v Verdict
		s string
	}{{Right, "named right"}, {Refused, "never taught, called unknown"}, {Wrong, "wrong"}} {
		c.fill(image.Rect(x, y+4, x+14, y+18), colour[l.v])
		c.text(body, faint, x+22, y+17, l.s)
		x += 22 + body.width(l.s) + 26
	}
	c.text(body, faint, x, y+17, "bar: distance to the nearest class   tick: the limit beyond which it is unknown")
	y += 34
	y = s.scenes(c, y)
	y += 26

	c.text(head, ink, border, y+18, "Frames, by what was shown (rows) and answered (columns)")
	y += 36
	s.table(c, y)
	return y + max(len(s.Tally.Count)+1, len(s.Facts))*cellH + border
}

// scenes draws the answers, a column a scene, and returns where it ends.
func (s *Sheet) scenes(c *canvas, y int) int {
	for band := range slices.Chunk(s.Scenes, columns) {
		high := 0
		for i, scene := range band {
			x := border + i*(tileW+gap)
			c.text(bold, ink, x, y+18, scene.Name)
			c.text(body, faint, x, y+36, scene.Note)
			for j, t := range scene.Tiles {
				c.tile(t, x, y+sceneTop+j*(tileH+gap))
			}
			high = max(high, len(scene.Tiles))
		}
		y += sceneTop + high*(tileH+gap) + 12
	}
	return y
}

// table draws the confusion table and the facts beside it.
func (s *Sheet) table(c *canvas, y int) {
	const nameW, cellW = 130, 112
	for j, n := range s.Tally.Names {
		c.centre(body, faint, border+nameW+j*cellW+cellW/2, y+22, n)
	}
	for i, row := range s.Tally.Count {
		top := y + (i+1)*cellH
		c.text(body, faint, border, top+22, s.Tally.Names[i])
		for j, n := range row {
			bg, fg := panel, rail
			switch {
			case n == 0:
			case i != j:
				bg, fg = red, paper
			case i == len(s.Tally.Count)-1:
				bg, fg = amber, paper
			default:
				bg, fg = green, paper
			}
			x := border + nameW + j*cellW
			c.fill(image.Rect(x+2, top, x+cellW-2, top+cellH-4), bg)
			c.centre(bold, fg, x+cellW/2, top+20, fmt.Sprint(n))
		}
	}
	x := border + nameW + len(s.Tally.Names)*cellW + 70
	for i, f := range s.Facts {
		c.text(body, ink, x, y+22+i*cellH, f)
	}
}

// canvas draws rectangles, pictures and words. A nil canvas draws nothing.
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
	if c == nil {
		return
	}
	draw.Draw(c.img, r, image.NewUniform(col), image.Point{}, draw.Src)
}

func (c *canvas) photo(p image.Image, r image.Rectangle) {
	if c == nil {
		return
	}
	draw.CatmullRom.Scale(c.img, r, p, p.Bounds(), draw.Src, nil)
}

// text writes s with its baseline beginning at (x, y).
func (c *canvas) text(st style, col color.RGBA, x, y int, s string) {
	if c == nil {
		return
	}
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

// lesson draws the shots of a class into r.
func (c *canvas) lesson(l Row, r image.Rectangle) {
	c.fill(r, panel)
	c.text(bold, ink, r.Min.X+14, r.Min.Y+26, l.Name)
	c.text(body, faint, r.Min.X+14+bold.width(l.Name)+12, r.Min.Y+26, l.Note)
	for i, p := range l.Pictures {
		x := r.Min.X + 14 + i*(thumbW+6)
		c.photo(p, image.Rect(x, r.Min.Y+40, x+thumbW, r.Min.Y+40+thumbH))
		if i > 0 && i == l.Cut {
			c.fill(image.Rect(x-5, r.Min.Y+36, x-1, r.Min.Y+44+thumbH), red)
		}
	}
}

// tile draws an answer: the picture underlined in the colour of its verdict,
// the name, and the distance against its limit.
func (c *canvas) tile(t Tile, x, y int) {
	col := colour[t.Verdict]
	c.fill(image.Rect(x, y, x+tileW, y+tileH), panel)
	c.photo(t.Picture, image.Rect(x, y, x+tileW, y+photoH))
	c.fill(image.Rect(x, y+photoH, x+tileW, y+photoH+4), col)
	c.text(bold, col, x+10, y+photoH+25, t.Label)
	c.right(body, faint, x+tileW-10, y+photoH+25, fmt.Sprintf("%.2f", t.Distance))
	c.bar(image.Rect(x+10, y+photoH+40, x+tileW-10, y+photoH+48), t.Distance, t.Threshold, col)
}

// bar is 0 … 1 in cosine distance, with a tick at the threshold.
func (c *canvas) bar(r image.Rectangle, distance, threshold float64, col color.RGBA) {
	at := func(v float64) int { return r.Min.X + int(min(max(v, 0), 1)*float64(r.Dx())) }
	c.fill(r, rail)
	c.fill(image.Rect(r.Min.X, r.Min.Y, max(at(distance), r.Min.X+2), r.Max.Y), col)
	x := at(threshold)
	c.fill(image.Rect(x-1, r.Min.Y-5, x+1, r.Max.Y+5), ink)
}
