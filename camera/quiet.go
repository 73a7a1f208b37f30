//go:build gocv

package camera

// #cgo pkg-config: opencv4
// #cgo CXXFLAGS: -std=c++11
// void edge_quiet_opencv(void);
import "C"

import (
	"os"
	"sync"
)

// quiet keeps OpenCV and FFmpeg from writing to standard error, where people
// read our one line for each error, and where OpenCV would tell the password
// of a stream's address. OPENCV_LOG_LEVEL=WARNING brings their messages back.
var quiet = sync.OnceFunc(func() {
	if os.Getenv("OPENCV_LOG_LEVEL") != "" {
		return
	}
	C.edge_quiet_opencv()
	if os.Getenv("OPENCV_FFMPEG_LOGLEVEL") == "" {
		os.Setenv("OPENCV_FFMPEG_LOGLEVEL", "-8") // read when FFmpeg is first used
	}
})
