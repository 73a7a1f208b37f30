#!/bin/bash
# build.sh: build/edge for this machine, as setup.sh found it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/env.sh
. deploy/env.sh

if [ -n "$tags" ]; then
	cv "$GO" build -trimpath -tags "$tags" -o build/edge ./cmd/edge
	echo "build/edge, with OpenCV" >&2
else
	CGO_ENABLED=0 "$GO" build -trimpath -o build/edge ./cmd/edge
	echo "build/edge, pure Go" >&2
fi
