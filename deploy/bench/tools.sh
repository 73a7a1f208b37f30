# shellcheck shell=bash
# tools.sh is sourced by the scripts that count instructions: it checks what
# they need and builds the counter.

need=()
command -v qemu-aarch64 >/dev/null || need+=(qemu-user)
compgen -c llvm-mca | grep -qE '^llvm-mca(-(19|[2-9][0-9]))?$' || need+=(llvm-19)
command -v "${CC:-cc}" >/dev/null || need+=(gcc)
if [ "${#need[@]}" -gt 0 ]; then
	echo "${0##*/}: missing on this machine: ${need[*]}" >&2
	echo "hint: Debian and Ubuntu have them: apt-get install --no-install-recommends ${need[*]}" >&2
	exit 1
fi
mkdir -p build/bench
"${CC:-cc}" -O2 -Wall -Wextra -shared -fPIC -o build/bench/blocks.so deploy/bench/blocks.c
"${GO:-go}" build -o build/bench/count ./deploy/bench/count
