#!/usr/bin/env bash
# Gets Pillow, which reads the images of the task 'images', into a private Python environment, where the
# command finds it: adamqlr-swift/tools/images-python in the user's cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=$(scripts/python-env.sh scripts/images/requirements.txt)
cache_home=${XDG_CACHE_HOME:-$HOME/.cache}
tools=$cache_home/adamqlr-swift/tools
mkdir -p "$tools"
# Not a link: an environment's python finds its packages by the place that it is called at.
printf '#!/bin/sh\nexec "%s" "$@"\n' "$python" >"$tools/images-python.new"
chmod +x "$tools/images-python.new"
mv "$tools/images-python.new" "$tools/images-python"
printf 'images: Pillow %s reads them\n' "$("$tools/images-python" -c 'import PIL; print(PIL.__version__)')"
