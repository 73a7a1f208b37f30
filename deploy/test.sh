#!/bin/bash
# test.sh [lint]: everything that is tested, in one go, with a summary.
#
# It needs no camera, no board and no network but for Go modules that are not
# in the cache yet. It writes below build/ only. What this machine cannot do
# (no OpenCV, no qemu, no C compiler) is left out and listed at the end; with
# CI set, it is a failure.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
# shellcheck source=deploy/env.sh
. deploy/env.sh
only=${1:-all}

mkdir -p build/_test/state
# Somebody's settings and memory are none of the tests' business.
while IFS='=' read -r name _; do
	case $name in EDGE_*) unset "$name" ;; esac
done < <(env)
export TMPDIR=$PWD/build/_test XDG_STATE_HOME=$PWD/build/_test/state
unset STATE_DIRECTORY

covered=() missing=() failed=()

# step NAME COMMAND...: runs it, quietly if it succeeds.
step() {
	local name=$1 log=build/_test/log start=$SECONDS
	shift
	printf '%-58s' "$name"
	if "$@" >"$log" 2>&1; then
		printf 'ok %4ds\n' $((SECONDS - start))
		covered+=("$name")
	else
		printf 'FAILED %ds\n' $((SECONDS - start))
		cat "$log"
		failed+=("$name")
	fi
}

# without NAME WHY: something that cannot be done here.
without() {
	printf '%-58s%s\n' "$1" "left out: $2"
	missing+=("$1: $2")
	[ -z "${CI:-}" ] || failed+=("$1")
}

formatted() {
	local files
	files=$(find . -name '*.go' -not -path './build/*' -not -path '*/_*' -print0 | xargs -0 gofmt -l) || return
	[ -z "$files" ] || { echo "not formatted: $files" && false; }
}
vet() {
	CGO_ENABLED=0 "$GO" vet ./... &&
		CGO_ENABLED=0 "$GO" vet -tags device ./... &&
		CGO_ENABLED=0 "$GO" vet -tags onnxruntime ./models &&
		CGO_ENABLED=0 GOARCH=arm64 "$GO" vet ./... &&
		CGO_ENABLED=0 GOOS=darwin "$GO" vet ./camera/... ./gpio/... ./embed/... ./support/...
}
check() { CGO_ENABLED=0 "$GO" tool staticcheck "$@" ./...; }
check_cv() { cv "$GO" vet -tags "$tags" ./camera/... ./cmd/... && cv "$GO" tool staticcheck -tags "$tags" ./camera/...; }

step 'gofmt' formatted
step 'go vet: amd64, arm64, darwin, tag device' vet
step 'staticcheck' check
[ -z "$tags" ] || step 'go vet and staticcheck with OpenCV' check_cv
if command -v shellcheck >/dev/null; then
	step 'shellcheck' shellcheck -x deploy/*.sh deploy/bench/*.sh .ci/run
else
	without 'shellcheck' 'it is not installed'
fi

if [ "$only" = all ]; then
	cc=$("$GO" env CC)
	if command -v "${cc%% *}" >/dev/null; then
		step 'tests with the race detector, fuzz seeds' env CGO_ENABLED=1 "$GO" test -race -timeout 12m ./...
	else
		step 'tests, fuzz seeds' env CGO_ENABLED=0 "$GO" test -timeout 12m ./...
		without 'race detector' 'it needs a C compiler'
	fi
	step 'build without a C compiler' env CGO_ENABLED=0 "$GO" build ./...
	step 'build for devices, without the desktop verbs' env CGO_ENABLED=0 "$GO" build -tags device -o build/_test/edge-device ./cmd/edge
	if [ -n "$tags" ]; then
		step 'tests with OpenCV' cv "$GO" test -tags "$tags" ./camera/... ./cmd/edge/command/... ./cmd/edge/internal/...
		step 'build/edge with OpenCV' deploy/build.sh
	else
		without 'tests with OpenCV' 'OpenCV 4.6 or newer, g++ or pkg-config is not installed'
	fi
	step 'build for arm64: static, and with OpenCV' deploy/arm64.sh
	if ! ls build/edge-linux-arm64-opencv* >/dev/null 2>&1; then
		without 'build for arm64 with OpenCV' 'no cross compiler, or no packages for arm64 to link with'
	fi
	qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64 || true)
	if [ "$("$GO" env GOARCH)" = arm64 ]; then
		: # all of the above ran on arm64
	elif [ -n "$qemu" ]; then
		for cpu in cortex-a72 cortex-a76; do
			step "tests of embed on an emulated $cpu" \
				env CGO_ENABLED=0 GOARCH=arm64 "$GO" test -exec "$qemu -cpu $cpu" -timeout 12m ./embed ./embed/kernel/...
		done
	else
		without 'tests on an emulated arm64 board' 'qemu-user-static is not installed'
	fi
	if deploy/onnxruntime.sh fetch >build/_test/log 2>&1; then
		step 'exported networks in ONNX Runtime' deploy/onnxruntime.sh
	else
		cat build/_test/log
		without 'exported networks in ONNX Runtime' 'its packages could not be fetched'
	fi
fi
rm -rf build/_test

echo
echo "covered: ${#covered[@]} of $((${#covered[@]} + ${#failed[@]} + ${#missing[@]})) steps in $((SECONDS / 60)) min $((SECONDS % 60)) s"
for m in ${missing[@]+"${missing[@]}"}; do echo "left out: $m"; done
for f in ${failed[@]+"${failed[@]}"}; do echo "FAILED: $f"; done
[ "${#failed[@]}" = 0 ] && echo 'all is well'
