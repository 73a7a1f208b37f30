#!/bin/bash
# setup.sh [build|test|probe]: what edge needs on this machine.
#
#   build   installs what is missing to build with OpenCV (the default)
#   test    and what the tests use besides
#   probe   installs nothing
#
# Packages come from this machine's own package sources through apt-get, with
# sudo where needed. Where there is no apt-get or no permission, or with
# EDGE_NO_INSTALL=1, it says what is missing and succeeds: edge is then built
# in pure Go.
#
# It leaves behind, for the Makefile:
#   build/tags        build tags, empty for pure Go
#   build/pkgconfig   where opencv4.pc is, empty for the system's own
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-build}
mkdir -p build

say() { echo "setup: $*" >&2; }

packages=(g++ pkg-config libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libopencv-videoio-dev)
if [ "$mode" = test ]; then
	packages+=(shellcheck qemu-user-static gstreamer1.0-plugins-base)
	python3 -c 'import ensurepip' >/dev/null 2>&1 || packages+=(python3-venv)
	if [ "$(dpkg --print-architecture 2>/dev/null || true)" != arm64 ]; then
		packages+=(gcc-aarch64-linux-gnu g++-aarch64-linux-gnu)
	fi
fi

# missing lists the packages that are not installed.
missing() {
	local p
	for p in "${packages[@]}"; do
		case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null || true) in
		*" installed") ;;
		*) # pkg-config is pkgconf's on newer systems, shellcheck may be anybody's
			if [ "$p" != pkg-config ] && [ "$p" != shellcheck ] && [ "$p" != g++ ] || ! command -v "$p" >/dev/null; then
				echo "$p"
			fi ;;
		esac
	done
}

# install tries to install the packages named and says so if it cannot.
install() {
	local root=()
	if [ "$(id -u)" != 0 ]; then
		if ! command -v sudo >/dev/null; then
			say "missing: $*. Installing them needs root, and there is no sudo."
			return 1
		fi
		root=(sudo)
		[ -t 0 ] || root=(sudo -n)
	fi
	say "installing $*"
	local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
	if "${apt[@]}" install -y --no-install-recommends "$@" >build/setup.log 2>&1; then return; fi
	# The lists may be older than the packages.
	if "${apt[@]}" update >>build/setup.log 2>&1 &&
		"${apt[@]}" install -y --no-install-recommends "$@" >>build/setup.log 2>&1; then return; fi
	say "missing: $*. apt-get could not install them; it says:"
	tail -n 3 build/setup.log >&2
	return 1
}

if [ "$mode" != probe ]; then
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		say "no apt-get here: install OpenCV 4.6 or newer, g++ and pkg-config for cameras through OpenCV"
	else
		mapfile -t need < <(missing)
		if [ "${#need[@]}" -gt 0 ]; then
			if [ -n "${EDGE_NO_INSTALL:-}" ]; then
				say "missing: ${need[*]}. Nothing is installed, as EDGE_NO_INSTALL asks."
			else
				install "${need[@]}" || true
			fi
		fi
	fi
fi

# probe DIR: does OpenCV compile and link with the opencv4.pc of DIR, or with
# the system's if DIR is empty?
probe() {
	local flags
	flags=$(PKG_CONFIG_PATH=${1:+$PWD/$1:}${PKG_CONFIG_PATH:-} pkg-config --cflags --libs opencv4 2>>build/probe.log) || return 1
	# shellcheck disable=SC2086 # the flags are words
	"${CXX:-g++}" -std=c++11 -o build/probe deploy/opencv/probe.cc $flags >>build/probe.log 2>&1 || return 1
	rm -f build/probe
}

# write FILE TEXT: leaves a file alone that says so already.
write() { [ "$(cat "$1" 2>/dev/null)" = "$2" ] && [ -e "$1" ] || echo "$2" >"$1"; }

rm -f build/probe.log
tags=gocv,gocv_specific_modules,gocv_videoio
if ! command -v pkg-config >/dev/null || ! command -v "${CXX:-g++}" >/dev/null; then
	tags='' dir=''
elif probe deploy/opencv/native; then
	dir=deploy/opencv/native
elif probe ''; then
	dir=''
else
	tags='' dir=''
fi
write build/tags "$tags"
write build/pkgconfig "$dir"
[ -s build/probe.log ] || rm -f build/probe.log
if [ -z "$tags" ]; then
	why='no OpenCV 4.6 or newer was found'
	if grep -q 'OpenCV 4.6 or newer is needed' build/probe.log 2>/dev/null; then why="this machine's OpenCV is older than 4.6"; fi
	say "$why: building in pure Go (no RTSP, GStreamer or MP4; pictures, MJPEG and V4L2 cameras work)"
fi
