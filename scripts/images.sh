#!/usr/bin/env bash
# Gets Pillow, which reads the images of the task 'images', into a private Python environment, where the
# command finds it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=$(scripts/python-tool.sh images scripts/images/requirements.txt)
printf 'images: Pillow %s reads them\n' "$("$python" -c 'import PIL; print(PIL.__version__)')"
