#!/bin/bash
# onnxruntime.sh [fetch]: does ONNX Runtime make of an exported network what
# edge makes of it? Its packages go to build/python; fetch does only that.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/env.sh
. deploy/env.sh
deploy/python.sh onnxruntime==1.32.0 onnx==1.23.2
[ "${1:-}" != fetch ] || exit 0
PYTHON=$PWD/build/python/bin/python CGO_ENABLED=0 "$GO" test -count 1 -tags onnxruntime -run Export ./models
