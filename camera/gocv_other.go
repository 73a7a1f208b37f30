//go:build gocv && !linux

package camera

// probeV4L2 leaves it to OpenCV to find out.
func probeV4L2(_, _ string) error { return nil }
