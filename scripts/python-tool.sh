#!/usr/bin/env bash
# Puts the python of a private environment where the command finds it, and prints its path there:
# adamqlr-swift/tools/NAME-python in the user's cache.
#
#   python="$(scripts/python-tool.sh images scripts/images/requirements.txt)"
set -euo pipefail

[ $# = 2 ] || { echo "usage: python-tool.sh NAME REQUIREMENTS.txt" >&2; exit 1; }
python=$("$(dirname "${BASH_SOURCE[0]}")/python-env.sh" "$2")
tools=${XDG_CACHE_HOME:-$HOME/.cache}/adamqlr-swift/tools
mkdir -p "$tools"
# Not a link: an environment's python finds its packages by the place that it is called at.
printf '#!/bin/sh\nexec "%s" "$@"\n' "$python" >"$tools/$1-python.new"
chmod +x "$tools/$1-python.new"
mv "$tools/$1-python.new" "$tools/$1-python"
printf '%s\n' "$tools/$1-python"
