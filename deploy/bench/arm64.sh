#!/bin/bash
# arm64.sh [TIER]: what one picture costs on a Raspberry Pi's processors, in
# executed instructions and modelled cycles: the whole network with its
# preprocessing, function by function, and every layer shape by itself.
#
# It needs no board, but qemu-user, LLVM 19 or newer and a C compiler. TIER is
# a regular expression of kernel tiers for the layers: by default the best one
# of each processor. How it counts: deploy/bench/count.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/env.sh
. deploy/env.sh
mkdir -p build/bench

need=()
command -v qemu-aarch64 >/dev/null || need+=(qemu-user)
compgen -c llvm-mca | grep -qE '^llvm-mca(-(19|[2-9][0-9]))?$' || need+=(llvm-19)
command -v "${CC:-cc}" >/dev/null || need+=(gcc)
if [ "${#need[@]}" -gt 0 ]; then
	echo "arm64.sh: missing on this machine: ${need[*]}" >&2
	echo "hint: Debian and Ubuntu have them: apt-get install --no-install-recommends ${need[*]}" >&2
	exit 1
fi

# Position and name of every function are needed: nothing is stripped.
"${CC:-cc}" -O2 -Wall -Wextra -shared -fPIC -o build/bench/blocks.so deploy/bench/blocks.c
"$GO" build -o build/bench/count ./deploy/bench/count
CGO_ENABLED=0 GOOS=linux GOARCH=arm64 "$GO" build -trimpath -o build/bench/edge-arm64 ./cmd/edge
CGO_ENABLED=0 GOOS=linux GOARCH=arm64 "$GO" test -c -trimpath -o build/bench/kernel-arm64.test ./embed/kernel

for cpu in cortex-a72 cortex-a76; do
	best=$(qemu-aarch64 -cpu $cpu build/bench/edge-arm64 model bench --rounds 0 --json | sed 's/.*"tier":"\([^"]*\)".*/\1/')
	build/bench/count -cpu $cpu build/bench/edge-arm64 model bench --threads 1 --rounds '{}'
	build/bench/count -cpu $cpu -layers "/^(${1:-$best})\$" build/bench/kernel-arm64.test
done 2>&1 | tee build/bench/arm64.txt
