#!/bin/bash
# peers-arm64.sh: edge and other runtimes on the same network, one thread, in
# executed instructions and modelled cycles on a Raspberry Pi's processors, as a
# table in Markdown. From pixels, or the network's own integers, to the mean.
#
# The runtimes are PyPI's packages for arm64, in Debian's Python for arm64,
# below build/bench/arm64; they run in qemu-user.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/env.sh
. deploy/env.sh
# shellcheck source=deploy/bench/tools.sh
. deploy/bench/tools.sh
# shellcheck source=deploy/apt-arm64.sh
. deploy/apt-arm64.sh
deploy/bench/networks.sh

# A root with Python and the runtimes. Runtimes choose their kernels by what
# /proc/cpuinfo says of the processor.
root=$PWD/build/bench/arm64 python=3.11
if [ ! -e "$root/ready" ]; then
	rm -rf "$root"
	mkdir -p "$root/proc"
	(
		apt_arm64 "$root/apt"
		apt-get -qq -y install --download-only --no-install-recommends "python$python" libstdc++6 >>"$root/apt/log" 2>&1 ||
			{ tail -n 3 "$root/apt/log" >&2 && exit 1; }
	)
	for deb in "$root"/apt/cache/archives/*.deb; do dpkg-deb -x "$deb" "$root"; done
	platforms=()
	for v in 2_17 2_27 2_28 2_34 2_35; do platforms+=(--platform "manylinux_${v}_aarch64"); done
	build/python/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
		--python-version $python --implementation cp "${platforms[@]}" --target "$root/site" \
		onnxruntime==1.32.0 ai-edge-litert==2.3.0 numpy==2.4.6
	rm -rf "$root/apt"
	touch "$root/ready"
fi
CGO_ENABLED=0 GOOS=linux GOARCH=arm64 "$GO" build -trimpath -o build/bench/peers/answer-arm64 ./deploy/bench/answer
dir=build/bench/peers
qemu-aarch64 $dir/answer-arm64 -times 0 -picture $dir/picture >/dev/null

# one CPU NAME COMMAND...: a line of the table.
one() {
	local cpu=$1 name=$2 instructions cycles
	shift 2
	read -r instructions cycles _ < <(build/bench/count -cpu "$cpu" -root "$root" -from 2 "$@" | grep ' all$')
	echo "| $name | $cpu | $instructions | $cycles |"
}
export PYTHONPATH=$root/site PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
{
	echo '| runtime | processor | million instructions | million cycles, modelled |'
	echo '|---|---|---|---|'
	for cpu in cortex-a72:0xd08:'fp asimd evtstrm crc32 cpuid' \
		cortex-a76:0xd0b:'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp'; do
		IFS=: read -r cpu part features <<<"$cpu"
		for i in 0 1 2 3; do
			printf 'processor\t: %d\nFeatures\t: %s\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x4\nCPU part\t: %s\nCPU revision\t: 1\n\n' $i "$features" "$part"
		done >"$root/proc/cpuinfo"
		one "$cpu" edge $dir/answer-arm64 -times '{}'
		worker=("$root/usr/bin/python$python" deploy/bench/peers/worker.py)
		one "$cpu" 'ONNX Runtime 1.32.0, uint8' "${worker[@]}" ort-u8 $dir/ort-u8.onnx $dir/picture 1 '{}'
		one "$cpu" 'ONNX Runtime 1.32.0, int8' "${worker[@]}" ort-s8 $dir/ort-s8.onnx $dir/picture 1 '{}'
		one "$cpu" 'LiteRT 2.3.0, XNNPACK' "${worker[@]}" litert $dir/lite0.tflite $dir/picture 1 '{}'
	done
} | tee build/bench/peers-arm64.md
