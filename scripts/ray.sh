#!/usr/bin/env bash
# Gets Ray, which makes the runs of studies with --engine ray, into a private Python environment, where
# the command finds it. With an argument, such as 'ray start --head', runs that command of the
# environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ $# -gt 0 ]; then
  exec "$(dirname "$(scripts/python-env.sh scripts/ray/requirements.txt)")/$1" "${@:2}"
fi
python=$(scripts/python-tool.sh ray scripts/ray/requirements.txt)
"$python" -c 'import ray; print("ray: Ray", ray.__version__)'
