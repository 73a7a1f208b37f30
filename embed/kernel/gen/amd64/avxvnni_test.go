package main

import "testing"

// TestDotEncoding compares with what GNU as makes of
// {vex} vpdpbusd %ymm<w>, %ymm<a>, %ymm<acc>.
func TestDotEncoding(t *testing.T) {
	for _, v := range []struct {
		w, a, acc int
		want      [5]byte
	}{
		{12, 14, 0, [5]byte{0xC4, 0xC2, 0x0D, 0x50, 0xC4}},
		{3, 15, 11, [5]byte{0xC4, 0x62, 0x05, 0x50, 0xDB}},
		{13, 2, 9, [5]byte{0xC4, 0x42, 0x6D, 0x50, 0xCD}},
		{5, 7, 6, [5]byte{0xC4, 0xE2, 0x45, 0x50, 0xF5}},
	} {
		if got := dotEncoding(v.w, v.a, v.acc); got != v.want {
			t.Errorf("Y%d, Y%d, Y%d: got %x, want %x", v.w, v.a, v.acc, got, v.want)
		}
	}
}
