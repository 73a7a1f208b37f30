#!/bin/bash
# sysroot.sh: what edge needs of an arm64 board's OpenCV to be linked for it,
# in build/sysroot/arm64; prints the number in the libraries' names (406).
#
# It holds 8 packages: headers and libraries of four modules. What they need in
# turn is on the board. They come from this machine's own package sources, by
# an apt-get with its own state in build/sysroot: the machine does not learn
# about a second architecture, whose -dev packages would exclude its own.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/apt-arm64.sh
. deploy/apt-arm64.sh
root=$PWD/build/sysroot
dir=$root/arm64
say() { echo "sysroot: $*" >&2; }

if [ -s "$dir/.abi" ]; then
	cat "$dir/.abi"
	exit
fi
for tool in apt-get apt-cache apt-config dpkg-deb; do
	if ! command -v "$tool" >/dev/null; then
		say "$tool is not there; only Debian and its kin are supported"
		exit 1
	fi
done

rm -rf "$root"
mkdir -p "$dir"
apt_arm64 "$root/apt"
abi=$(apt-cache show libopencv-core-dev 2>/dev/null |
	sed -n 's/^Depends:.*libopencv-core\([0-9][0-9]*\(t64\)\{0,1\}\).*/\1/p' | head -n 1)
if [ -z "$abi" ]; then
	say "this machine's package sources have no OpenCV for arm64"
	tail -n 3 "$root/apt/log" >&2
	exit 1
fi
names=()
for module in core imgproc imgcodecs videoio; do
	names+=("libopencv-$module-dev" "libopencv-$module$abi")
done
if ! (cd "$root/apt/cache/archives" && apt-get -qq download "${names[@]}" >>"$root/apt/log" 2>&1); then
	say "the packages cannot be had"
	tail -n 3 "$root/apt/log" >&2
	exit 1
fi
for deb in "$root"/apt/cache/archives/*.deb; do
	dpkg-deb -x "$deb" "$dir"
done
rm -rf "$root/apt"
echo "${abi%t64}" | tee "$dir/.abi"
