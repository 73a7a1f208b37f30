//go:build !gocv

package camera

import "fmt"

// HasOpenCV reports whether this program was built with OpenCV.
const HasOpenCV = false

// OpenCVVersion returns the version of OpenCV in use, empty without it.
func OpenCVVersion() string { return "" }

func openCV(name string, _ cvKind, _ string, _ Options) (Source, error) {
	return nil, fmt.Errorf("%w: %s: this edge was built without OpenCV: make build", ErrUnsupported, name)
}
