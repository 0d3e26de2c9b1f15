#!/usr/bin/env bash
# Makes the documentation of the libraries in .build/docs, from their comments and articles.
#
#   scripts/docs.sh            makes it; a warning is an error
#   scripts/docs.sh preview    makes it, and serves it on the loopback, port 8080 or $PORT
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { printf 'docs: %s\n' "$*" >&2; exit 1; }
docc=$(dirname "$(command -v swift)")/docc
[ -x "$docc" ] || docc=$(command -v docc) || fail "docc is missing, which Swift's toolchains have"

modules=.build/release/Modules
graphs=.build/symbol-graphs
docs=.build/docs
triple=$(swiftc -print-target-info | sed -n 's/^ *"triple": "\(.*\)",$/\1/p' | head -n 1)
archives=()
rm -rf "$graphs" "$docs"
warnings=0
for module in AdamQLR AdamQLRTorch AdamQLRNetworks; do
  mkdir -p "$graphs/$module"
  swift-symbolgraph-extract -module-name "$module" -target "$triple" -I "$modules" \
    -Xcc -fmodule-map-file=.build/release/CTorch.build/module.modulemap \
    -minimum-access-level public -skip-inherited-docs -skip-synthesized-members \
    -output-dir "$graphs/$module"
  catalog=Sources/$module/$module.docc
  mkdir -p "$docs/parts"
  "$docc" convert $([ -d "$catalog" ] && printf %s "$catalog") \
    --additional-symbol-graph-dir "$graphs/$module" \
    --fallback-display-name "$module" --fallback-bundle-identifier "$module" \
    --output-path "$docs/parts/$module.doccarchive" --emit-digest 2>&1 | tee "$docs/$module.log"
  if grep -q 'warning:' "$docs/$module.log"; then warnings=1; fi
  archives+=("$docs/parts/$module.doccarchive")
done
"$docc" merge "${archives[@]}" --output-path "$docs/site" \
  --synthesized-landing-page-name adamqlr-swift
python3 scripts/undocumented.py "$graphs" || warnings=1
[ "$warnings" = 0 ] || fail "there are warnings, above"
printf 'docs: the pages are in %s\n' "$docs/site"
if [ "${1:-}" = preview ]; then
  port=${PORT:-8080}
  printf 'docs: http://127.0.0.1:%s/documentation\n' "$port"
  exec python3 scripts/serve_docs.py "$docs/site" "$port"
fi
