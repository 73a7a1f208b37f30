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
# shellcheck source=deploy/bench/tools.sh
. deploy/bench/tools.sh

# Position and name of every function are needed: nothing is stripped.
CGO_ENABLED=0 GOOS=linux GOARCH=arm64 "$GO" build -trimpath -o build/bench/edge-arm64 ./cmd/edge
CGO_ENABLED=0 GOOS=linux GOARCH=arm64 "$GO" test -c -trimpath -o build/bench/kernel-arm64.test ./embed/kernel

for cpu in cortex-a72 cortex-a76; do
	best=$(qemu-aarch64 -cpu $cpu build/bench/edge-arm64 model bench --rounds 0 --json | sed 's/.*"tier":"\([^"]*\)".*/\1/')
	build/bench/count -cpu $cpu build/bench/edge-arm64 model bench --threads 1 --rounds '{}'
	build/bench/count -cpu $cpu -layers "/^(${1:-$best})\$" build/bench/kernel-arm64.test
done 2>&1 | tee build/bench/arm64.txt
