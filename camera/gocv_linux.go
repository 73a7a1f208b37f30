//go:build gocv

package camera

import "github.com/blackjack/webcam"

// probeV4L2 tells what is wrong with a device, as far as that shows before
// frames flow.
func probeV4L2(name, path string) error {
	cam, err := webcam.Open(path)
	if err != nil {
		return v4l2Error(name, err)
	}
	return cam.Close()
}
