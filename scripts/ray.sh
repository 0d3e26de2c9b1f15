#!/usr/bin/env bash
# Gets Ray, which makes the runs of studies with --engine ray, into a private Python environment, where
# the command finds it: adamqlr-swift/tools/ray-python in the user's cache. With an argument, such as
# 'ray start --head', runs that command of the environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=$(scripts/python-env.sh scripts/ray/requirements.txt)
if [ $# -gt 0 ]; then exec "$(dirname "$python")/$1" "${@:2}"; fi
cache_home=${XDG_CACHE_HOME:-$HOME/.cache}
tools=$cache_home/adamqlr-swift/tools
mkdir -p "$tools"
# Not a link: an environment's python finds its packages by the place that it is called at.
printf '#!/bin/sh\nexec "%s" "$@"\n' "$python" >"$tools/ray-python.new"
chmod +x "$tools/ray-python.new"
mv "$tools/ray-python.new" "$tools/ray-python"
printf 'ray: %s\n' "$("$tools/ray-python" -c 'import ray; print("Ray", ray.__version__)')"
