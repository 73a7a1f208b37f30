package main

import "image"

// A photo is one file of the wheel, with what its own documentation
// (skimage/data/_fetchers.py) says about where it comes from.
type photo struct {
	File    string
	SHA256  string
	Shows   string
	Origin  string
	Licence string
}

// photos lists every picture that the clip is made of, tables last.
var photos = []photo{
	{"coffee.png", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
		"a cup of coffee", "Rachel Michetti, courtesy of Pikolo Espresso Bar",
		"“No copyright restrictions. CC0 by the photographer (Rachel Michetti).”"},
	{"chelsea.png", "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
		"Chelsea the cat", "Stefan van der Walt",
		"“No copyright restrictions. CC0 by the photographer (Stefan van der Walt).”"},
	{"rocket.jpg", "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
		"DSCOVR on a Falcon 9 before its launch", "SpaceX Photos, flickr.com/photos/spacexphotos/16511594820",
		"“The image was captured by SpaceX and released in the public domain.”"},
	{"astronaut.png", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
		"the astronaut Eileen Collins, a model of a space shuttle behind her", "NASA Great Images database, flic.kr/p/r9qvLn",
		"“No known copyright restrictions, released into the public domain.”"},
	{"coins.png", "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba",
		"Greek coins from Pompeii", "Brooklyn Museum Collection, opencollection/archives/image/51611",
		"“No known copyright restrictions.”"},
	{"camera.png", "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a",
		"a photographer with his camera", "Lav Varshney",
		"“No copyright restrictions. CC0 by the photographer (Lav Varshney).”"},
	{"brick.png", "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
		"a brick wall", "CC0Textures, Bricks25",
		"“licensed under the Creative Commons CC0 License”"},
	{"grass.png", "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
		"grass", "linolafett on DeviantArt, Grass-01",
		"“licensed under the Creative Commons CC0 License”"},
	{"gravel.png", "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
		"gravel", "CC0Textures, Gravel04",
		"“licensed under the Creative Commons CC0 License”"},
}

// An object is what is cut out of a photograph along a hand-drawn outline.
type object struct {
	Name    string
	Photo   string
	Outline []image.Point // in the photograph's pixels, a closed polygon
	Height  int           // in the clip's pixels at scale 1
	Border  int           // width of a white border drawn inside the outline: a printed card
}

var objects = []object{
	{"cup", "coffee.png", polygon(
		280, 18, 320, 23, 360, 40, 392, 66, 400, 70, 412, 67, 423, 75, 420, 90, 418, 104,
		440, 124, 460, 150, 473, 185, 478, 220, 475, 250, 464, 285, 445, 314, 419, 341,
		385, 363, 345, 378, 300, 386, 260, 386, 215, 377, 175, 361, 140, 337, 112, 304,
		93, 270, 82, 240, 78, 205, 83, 175, 93, 148, 111, 122, 136, 98, 160, 83, 178, 77,
		186, 66, 202, 46, 225, 30, 250, 21), 205, 0},
	{"cat", "chelsea.png", polygon(
		40, 0, 340, 0, 396, 0, 385, 24, 372, 55, 355, 80, 360, 110, 362, 130, 355, 160,
		340, 200, 318, 238, 305, 266, 285, 281, 258, 287, 215, 283, 170, 272, 135, 252,
		100, 238, 75, 215, 55, 190, 47, 160, 38, 130, 33, 100, 32, 60, 36, 20), 205, 0},
	{"rocket", "rocket.jpg", polygon(
		196, 90, 446, 90, 452, 96, 452, 420, 446, 426, 196, 426, 190, 420, 190, 96), 215, 7},
	{"astronaut", "astronaut.png", polygon(
		230, 16, 262, 24, 290, 45, 300, 75, 298, 100, 286, 122, 276, 135, 268, 140, 262, 160,
		258, 175, 280, 190, 300, 218, 306, 238, 330, 252, 348, 275, 358, 310, 363, 345,
		345, 358, 318, 370, 300, 390, 288, 420, 281, 460, 280, 511, 32, 511, 25, 470,
		22, 440, 25, 380, 30, 330, 42, 280, 65, 250, 90, 225, 112, 209, 114, 190, 122, 178,
		135, 160, 155, 151, 180, 150, 180, 133, 172, 130, 170, 120, 160, 108, 154, 85,
		156, 65, 170, 48, 190, 38, 205, 22), 225, 0},
	{"shuttle", "astronaut.png", polygon(
		404, 0, 424, 0, 434, 14, 440, 45, 450, 42, 455, 70, 455, 180, 460, 220, 457, 255,
		468, 275, 468, 282, 440, 282, 400, 285, 374, 285, 369, 270, 384, 236, 356, 224,
		358, 200, 378, 166, 382, 120, 378, 90, 383, 50, 389, 42, 395, 58, 398, 12), 225, 0},
	{"coin", "coins.png", polygon(
		346, 156, 356, 158, 365, 163, 373, 171, 377, 181, 377, 193, 373, 203, 365, 212,
		355, 217, 344, 217, 333, 213, 324, 206, 318, 197, 316, 186, 318, 176, 324, 166,
		334, 159), 180, 0},
	{"photographer", "camera.png", polygon(
		160, 105, 172, 85, 190, 70, 208, 65, 235, 73, 255, 86, 268, 106, 270, 124, 263, 137,
		272, 140, 322, 139, 325, 150, 320, 169, 328, 172, 332, 190, 325, 207, 312, 214,
		302, 226, 300, 240, 304, 273, 285, 285, 262, 304, 245, 311, 230, 307, 206, 293,
		195, 310, 170, 345, 142, 380, 140, 400, 24, 400, 2, 380, 2, 262, 20, 230, 40, 200,
		60, 165, 80, 142, 110, 128, 130, 124, 150, 106), 215, 0},
}

func polygon(xy ...int) []image.Point {
	p := make([]image.Point, 0, len(xy)/2)
	for i := 0; i+1 < len(xy); i += 2 {
		p = append(p, image.Pt(xy[i], xy[i+1]))
	}
	return p
}

// A table is what objects lie on: a grey texture coloured between two colours.
type table struct {
	Photo       string
	Dark, Light rgb
}

type rgb [3]int

var tables = map[string]table{
	"bricks":    {"brick.png", rgb{70, 34, 26}, rgb{214, 150, 124}},
	"pale wall": {"brick.png", rgb{96, 92, 84}, rgb{226, 222, 208}},
	"lawn":      {"grass.png", rgb{18, 34, 10}, rgb{150, 196, 92}},
	"hay":       {"grass.png", rgb{70, 50, 20}, rgb{226, 198, 130}},
	"gravel":    {"gravel.png", rgb{40, 38, 36}, rgb{206, 200, 190}},
	"slate":     {"gravel.png", rgb{26, 34, 46}, rgb{150, 170, 190}},
}
