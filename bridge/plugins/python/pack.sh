#!/usr/bin/env bash
# The wheel for platforms without a native one:  bridge/plugins/python/pack.sh P1BRIDGE.wasm FOLDER
#
# P1BRIDGE.wasm is what ../wasm/build.sh made. The wheel goes to FOLDER. pip fetches setuptools.
set -euo pipefail
[ $# = 2 ] || { echo "usage: pack.sh P1BRIDGE.wasm FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
cp -r "$here/wasm/." "$here/README.md" "$here/../../../LICENSE" "$staged/"
cp "$1" "$staged/p1bridge/p1bridge.wasm"
chmod 644 "$staged/p1bridge/p1bridge.wasm"
"${PYTHON:-python3}" -m pip wheel --quiet --no-deps --wheel-dir "$2" "$staged"
