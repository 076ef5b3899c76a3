#!/usr/bin/env bash
# The npm package:  bridge/plugins/npm/pack.sh P1BRIDGE.wasm FOLDER
#
# P1BRIDGE.wasm is what ../wasm/build.sh made. The archive goes to FOLDER.
set -euo pipefail
[ $# = 2 ] || { echo "usage: pack.sh P1BRIDGE.wasm FOLDER" >&2; exit 2; }
module=$(realpath "$1")
folder=$(realpath "$2")
here=$(cd "$(dirname "$0")" && pwd)
staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
cp "$here"/{package.json,README.md,*.js,*.d.ts} "$here/../../../LICENSE" "$staged/"
cp "$module" "$staged/p1bridge.wasm"
chmod 644 "$staged"/*
chmod 755 "$staged/bin.js"
cd "$staged"
npm pack --silent --pack-destination "$folder" >/dev/null
