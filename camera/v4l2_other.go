//go:build !linux

package camera

import (
	"fmt"
	"runtime"
)

func openV4L2(name, _ string, _ Options) (Source, error) {
	return nil, fmt.Errorf("%w: %s: cameras need Linux, or a build with OpenCV on %s", ErrUnsupported, name, runtime.GOOS)
}
