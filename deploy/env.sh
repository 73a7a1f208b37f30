# shellcheck shell=bash
# env.sh is sourced by the scripts beside it, in the repository's root: the Go
# command, and what setup.sh found out.
GO=${GO:-go}
# shellcheck disable=SC2034 # used by those who source it
cv_tags=gocv,gocv_specific_modules,gocv_videoio

# tags is empty where edge is built in pure Go.
# shellcheck disable=SC2034
tags=$(cat build/tags 2>/dev/null || true)

# cv runs a command with what cgo needs to find this machine's OpenCV.
cv() {
	local dir
	dir=$(cat build/pkgconfig 2>/dev/null || true)
	CGO_ENABLED=1 PKG_CONFIG_PATH=${dir:+$PWD/$dir:}${PKG_CONFIG_PATH:-} "$@"
}

# cv_arm64 runs a command with what cgo needs to build for an arm64 board.
cv_arm64() {
	CGO_ENABLED=1 GOOS=linux GOARCH=arm64 \
		CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ \
		PKG_CONFIG_PATH=$PWD/deploy/opencv/arm64 "$@"
}
