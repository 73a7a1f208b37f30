// The OpenCV modules this program links, and no others. It stands before
// OpenCV's own file of this name, so that opencv2/opencv.hpp does not ask for
// the headers of modules that are not installed.
#define HAVE_OPENCV_CORE
#define HAVE_OPENCV_IMGPROC
#define HAVE_OPENCV_IMGCODECS
#define HAVE_OPENCV_VIDEOIO
