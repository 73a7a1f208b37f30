#!/bin/bash
# python.sh PACKAGE==VERSION...: a Python of the build's own in build/python,
# with these packages by pip. What is there already is not fetched again.
set -euo pipefail
cd "$(dirname "$0")/.."
python=build/python
if ! "$python/bin/python" -m pip --version >/dev/null 2>&1; then
	rm -rf "$python"
	"${PYTHON3:-python3}" -m venv "$python" || {
		echo "python.sh: python3 with venv is not to be had here" >&2
		echo "hint: Debian and Ubuntu have it: apt-get install python3-venv" >&2
		exit 1
	}
fi
have=$("$python/bin/python" -m pip list --format freeze 2>/dev/null)
for p in "$@"; do
	if ! grep -qxiF "$p" <<<"$have"; then
		"$python/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: "$@"
		break
	fi
done
