#!/bin/bash
# arm64.sh: edge for 64-bit ARM boards.
#
#   build/edge-linux-arm64             static, pure Go: runs on any of them
#   build/edge-linux-arm64-opencvNNN   with OpenCV, for boards whose libraries
#                                      end in .so.NNN: 406 is OpenCV 4.6
#                                      (Debian 12), 410 is 4.10 (Debian 13)
#
# The second needs a cross compiler and Debian's packages for arm64; where
# those are not to be had it says so and succeeds.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/env.sh
. deploy/env.sh
mkdir -p build

CGO_ENABLED=0 GOOS=linux GOARCH=arm64 "$GO" build -trimpath -ldflags='-s -w' -o build/edge-linux-arm64 ./cmd/edge
echo "build/edge-linux-arm64, static" >&2

if ! command -v aarch64-linux-gnu-g++ >/dev/null || ! command -v pkg-config >/dev/null; then
	echo "no build/edge-linux-arm64-opencvNNN: it needs aarch64-linux-gnu-g++ and pkg-config (deploy/setup.sh test)" >&2
	exit
fi
if ! abi=$(deploy/sysroot.sh); then
	echo "no build/edge-linux-arm64-opencvNNN" >&2
	exit
fi
cv_arm64 "$GO" build -trimpath -ldflags='-s -w' -tags "$cv_tags" -o "build/edge-linux-arm64-opencv$abi" ./cmd/edge
echo "build/edge-linux-arm64-opencv$abi, with OpenCV" >&2
