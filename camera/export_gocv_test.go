//go:build gocv

package camera

import (
	"testing"
	"time"
)

// What the tests in package camera_test need of OpenCV's source, whatever Open
// would choose.

func OpenCVFile(path string, opt Options) (Source, error) { return openCV(path, cvFile, path, opt) }
func OpenCVURL(url string) (Source, error)                { return openCV(url, cvURL, url, Options{}) }

// SetOpenLimit shortens the watchdog for one test.
func SetOpenLimit(t *testing.T, d time.Duration) {
	old := cvOpenLimit
	cvOpenLimit = d
	t.Cleanup(func() { cvOpenLimit = old })
}
