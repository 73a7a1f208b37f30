#!/bin/bash
# networks.sh: the shipped model in the formats of other runtimes, in
# build/bench/peers, and the runtimes in build/python.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/env.sh
. deploy/env.sh
deploy/python.sh onnxruntime==1.32.0 onnx==1.23.2 ai-edge-litert==2.3.0 flatbuffers==25.12.19 ncnn==1.0.20261020
dir=build/bench/peers
mkdir -p $dir
CGO_ENABLED=0 "$GO" build -trimpath -o $dir/edge ./cmd/edge
$dir/edge model export efficientnet-lite0-224 -o $dir/lite0-s8.onnx >/dev/null
$dir/edge model export efficientnet-lite0-224 -o $dir/lite0-u8.onnx --activations uint8 >/dev/null
build/python/bin/python deploy/bench/peers/convert.py $dir
