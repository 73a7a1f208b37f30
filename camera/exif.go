package camera

import (
	"bytes"
	"encoding/binary"
)

// orientation is EXIF tag 0x0112: how the stored picture must be turned to
// stand upright. 1 is upright; 2, 4, 5 and 7 are mirrored.
//
// Source: CIPA DC-008 (Exif 2.32), 4.6.4, "Orientation".
type orientation uint8

const upright orientation = 1

// swaps reports whether width and height change places.
func (o orientation) swaps() bool { return o >= 5 }

// jpegOrientation finds the orientation in a JPEG's first Exif APP1 segment.
// A file without one, or with one that makes no sense, is upright: EXIF is
// written by careless software and never worth refusing a picture for.
func jpegOrientation(b []byte) orientation {
	if len(b) < 4 || b[0] != 0xff || b[1] != 0xd8 {
		return upright
	}
	for i := 2; i+4 <= len(b); {
		if b[i] != 0xff {
			return upright
		}
		marker := b[i+1]
		switch {
		case marker == 0xff: // fill byte
			i++
			continue
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd7: // no payload
			i += 2
			continue
		case marker == 0xda || marker == 0xd9: // pixels begin, or the picture ends
			return upright
		}
		size := int(binary.BigEndian.Uint16(b[i+2:])) // counts itself
		if size < 2 || i+2+size > len(b) {
			return upright
		}
		payload := b[i+4 : i+2+size]
		if marker == 0xe1 {
			if tiff, ok := bytes.CutPrefix(payload, []byte("Exif\x00\x00")); ok {
				return tiffOrientation(tiff)
			}
		}
		i += 2 + size
	}
	return upright
}

// pngOrientation finds the orientation in a PNG's eXIf chunk.
func pngOrientation(b []byte) orientation {
	for i := len(pngMagic); i+12 <= len(b); {
		size := int(binary.BigEndian.Uint32(b[i:]))
		if size < 0 || size > len(b)-i-12 {
			return upright
		}
		if string(b[i+4:i+8]) == "eXIf" {
			return tiffOrientation(b[i+8 : i+8+size])
		}
		i += 12 + size // length, type, data, CRC
	}
	return upright
}

// webpOrientation finds the orientation in a WebP's EXIF chunk.
func webpOrientation(b []byte) orientation {
	for i := 12; i+8 <= len(b); {
		size := int(binary.LittleEndian.Uint32(b[i+4:]))
		if size < 0 || size > len(b)-i-8 {
			return upright
		}
		if string(b[i:i+4]) == "EXIF" {
			data := b[i+8 : i+8+size]
			if tiff, ok := bytes.CutPrefix(data, []byte("Exif\x00\x00")); ok {
				data = tiff
			}
			return tiffOrientation(data)
		}
		i += 8 + size + size&1 // chunks are padded to even sizes
	}
	return upright
}

// tiffOrientation reads tag 0x0112 of the first directory of a TIFF block.
func tiffOrientation(b []byte) orientation {
	if len(b) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return upright
	}
	entries := int(order.Uint16(b[at:]))
	dir := b[at+2:]
	for i := 0; i < entries && len(dir) >= 12; i, dir = i+1, dir[12:] {
		if order.Uint16(dir) != 0x0112 {
			continue
		}
		// SHORT by the standard; some writers use LONG. Both sit at the start
		// of the value field in the block's own byte order.
		var v uint32
		switch order.Uint16(dir[2:]) {
		case 3:
			v = uint32(order.Uint16(dir[8:]))
		case 4:
			v = order.Uint32(dir[8:])
		}
		if v < 1 || v > 8 {
			return upright
		}
		return orientation(v)
	}
	return upright
}
