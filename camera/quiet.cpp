//go:build gocv

#include <opencv2/core/utils/logger.hpp>

extern "C" void edge_quiet_opencv(void) {
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
}
