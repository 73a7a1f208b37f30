#!/bin/bash
# peers.sh [--rounds N] [--idle-ms MS] [--threads 1,2]: edge and other runtimes
# on the same network with the same weights, in turns, as a table in Markdown.
#
# The runtimes are packages of PyPI and go to build/python. The final classifier
# is left out everywhere: a picture becomes the mean before it. ONNX Runtime and
# LiteRT are given integers, and compute with those of our int8 model. How each
# runtime is called: deploy/bench/peers.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/env.sh
. deploy/env.sh
deploy/bench/networks.sh
CGO_ENABLED=0 "$GO" build -trimpath -o build/bench/peers/answer ./deploy/bench/answer
build/python/bin/python deploy/bench/peers/peers.py build/bench/peers "$@" | tee build/bench/peers.md
