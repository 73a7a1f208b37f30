// Does an OpenCV that edge can use compile and link here?
#include <opencv2/core/version.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#if CV_VERSION_MAJOR != 4 || CV_VERSION_MINOR < 6
#error "OpenCV 4.6 or newer is needed"
#endif

int main(int argc, char **argv) {
  cv::VideoCapture capture;
  cv::Mat mat;
  cv::cvtColor(cv::imread(argv[argc - 1]), mat, cv::COLOR_BGR2RGB);
  return capture.read(mat);
}
