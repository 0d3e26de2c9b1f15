#!/usr/bin/env bash
# Puts libtorch in .libtorch, as .libtorch/torch/lib and .libtorch/torch/include, and beside them
# libtorch.pc, by which pkg-config finds it.
#
#   LIBTORCH=dir            use this libtorch: dir has lib/ and include/, or torch/lib and so on
#   TORCH_VERSION=2.13.0    2.11 to 2.13
#   TORCH_VARIANT=cpu|cuda  cpu is asked for first; cuda is larger, and runs without a GPU too
#   LIBTORCH_DIR=dir        put it there instead of in .libtorch; programs look there when they run
#
# Otherwise a .libtorch that is already there is used, then one that another clone fetched, and
# then the torch wheel is fetched with pip. It is unpacked once, below ${XDG_CACHE_HOME:-~/.cache}.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

system="$(uname -s) $(uname -m)"
[ "$system" = "Linux x86_64" ] || fail "libtorch is set up on Linux x86-64 only, and this is" \
  "$system; the AdamQLR library alone builds wherever Swift does: swift build --target AdamQLR"

# ---- What has to be installed; every missing thing is named, one line each.

missing=0
lacks() { printf 'setup: %s\n' "$*" >&2; missing=1; }
has() { command -v "$1" >/dev/null 2>&1; }

has swift || lacks "swift is missing: install Swift 6.1 or later from https://www.swift.org/install"
has git || lacks "git is missing: apt-get install git"
has make || lacks "make is missing: apt-get install make"

# Swift's own compiler decides which headers are seen; it lies beside swift.
compiler=""
if has swift; then
  for candidate in "$(dirname "$(command -v swift)")/clang" clang cc; do
    if has "$candidate"; then compiler=$candidate; break; fi
  done
fi
sees() { printf '#include <%s>\n' "$1" | "$compiler" -E -x c++ - >/dev/null 2>&1; }
if [ -n "$compiler" ]; then
  sees vector || lacks "the C++ standard library is missing: apt-get install g++"
  sees zlib.h || lacks "zlib.h is missing, which Swift needs too: apt-get install zlib1g-dev"
elif [ ! -e /usr/include/zlib.h ]; then
  lacks "zlib.h is missing, which Swift needs too: apt-get install zlib1g-dev"
fi
[ "$missing" = 0 ] || exit 1

# ---- What is asked for.

folder=${LIBTORCH_DIR:-.libtorch}
version=${TORCH_VERSION:-2.13.0}
case $version in 2.1[1-3]) version=$version.0 ;; esac
[[ $version =~ ^2\.1[1-3]\.[0-9]+$ ]] ||
  fail "TORCH_VERSION=$version cannot be used: 2.11 to 2.13 can"
case ${TORCH_VARIANT:-} in
  "") variants="cpu cuda" ;;
  cpu | cuda) variants=$TORCH_VARIANT ;;
  *) fail "TORCH_VARIANT=$TORCH_VARIANT cannot be used: cpu and cuda can" ;;
esac

# ---- Looking at a libtorch, and linking to it.

# Prints the version of the libtorch in a folder, from either of the headers that have held it.
torch_version() {
  local part header numbers=""
  for header in headeronly/version.h csrc/api/include/torch/version.h; do
    [ -e "$1/include/torch/$header" ] || continue
    numbers=""
    for part in MAJOR MINOR PATCH; do
      numbers+=.$(sed -n "s/^#define TORCH_VERSION_$part \([0-9]*\)$/\1/p" \
        "$1/include/torch/$header")
    done
    [ "$numbers" = ... ] || break
  done
  printf '%s' "${numbers#.}"
}

# Succeeds if a folder, which has lib and include, is a libtorch to use; otherwise sets `reason`.
usable() {
  local file found
  for file in lib/libtorch_cpu.so lib/libc10.so include/ATen/ATen.h; do
    [ -s "$1/$file" ] || { reason="it has no $file"; return 1; }
  done
  found=$(torch_version "$1")
  [[ $found =~ ^2\.1[1-3]\. ]] || { reason="its version is ${found:-unknown}, not 2.11 to 2.13"; return 1; }
}

# Succeeds if the libraries of a libtorch find all that they need; otherwise sets `reason`.
loads() {
  local lacking
  has ldd || return 0
  lacking=$(ldd "$1/lib/libtorch_cpu.so" "$1/lib/libc10.so" 2>&1 | grep -m 1 'not found' || true)
  [ -n "$lacking" ] || return 0
  reason="its libraries do not load:${lacking//$'\t'/ }"
  if [[ $lacking =~ libcu(dart|pti) ]]; then
    reason+="; install nvidia-cuda-runtime and nvidia-cuda-cupti beside it"
  fi
  return 1
}

check_tree() { reason=$(python3 scripts/unpack_libtorch.py check "$1" "$2" 2>&1); }

# Makes .libtorch a link to a folder, in one step where there is a link already.
link() {
  if [ "$(readlink "$folder" || true)" = "$1" ]; then return; fi
  ln -s "$1" "$folder.$$"
  mv -Tf "$folder.$$" "$folder"
}

# A folder named .libtorch is the user's own, unless all it holds was made below.
make_way() {
  if [ -d "$folder" ] && [ ! -L "$folder" ]; then
    if [ -L "$folder/torch" ]; then rm -f "$folder/torch" "$folder/libtorch.pc"; fi
    rmdir "$folder" 2>/dev/null || fail "$folder is a folder that cannot be used" \
      "(${reason:-LIBTORCH asks for another}); move it away"
  fi
}

# Writes what pkg-config reads, and says where. Flags other than -I, -L and -l are unsafe to SwiftPM.
write_pc() {
  local text
  text=$(cat <<PC
prefix=\${pcfiledir}/torch
Name: libtorch
Description: PyTorch's C++ library
Version: $(torch_version "$folder/torch")
Cflags: -I\${prefix}/include -I\${prefix}/include/torch/csrc/api/include
Libs: -L\${prefix}/lib -ltorch_cpu -lc10
PC
  )
  if [ "$(cat "$folder/libtorch.pc" 2>/dev/null)" != "$text" ]; then
    printf '%s\n' "$text" >"$folder/libtorch.pc.$$"
    mv -f "$folder/libtorch.pc.$$" "$folder/libtorch.pc"
  fi
}

# ---- A libtorch of the user's.

reason=""
if [ -n "${LIBTORCH:-}" ]; then
  own=$LIBTORCH
  if [ ! -d "$own/lib" ] && [ -d "$own/torch/lib" ]; then own=$own/torch; fi
  [ -d "$own" ] || fail "LIBTORCH=$LIBTORCH is not a folder"
  own=$(cd "$own" && pwd -P)
  usable "$own" && loads "$own" || fail "LIBTORCH=$LIBTORCH cannot be used: $reason"
  if [ "$own" != "$(cd "$folder/torch" 2>/dev/null && pwd -P)" ]; then
    make_way
    rm -f "$folder"
    mkdir "$folder"
    ln -s "$own" "$folder/torch"
  fi
  write_pc
  say "using libtorch $(torch_version "$own") in $own"
  exit
fi

cache_home=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
[ -n "$cache_home" ] || fail "neither XDG_CACHE_HOME nor HOME is set: where may libtorch be kept?"
cache=$cache_home/adamqlr-swift

# ---- A libtorch that is here: one of the cache is checked file by file below.

if [ -e "$folder" ] && [ ! -e "$folder/contents.txt" ]; then
  if usable "$folder/torch"; then
    found=$(torch_version "$folder/torch")
    kind=cpu
    if [ -e "$folder/torch/lib/libtorch_cuda.so" ]; then kind=cuda; fi
    if [ "$found" = "${TORCH_VERSION:+$version}" ] || [ -z "${TORCH_VERSION:-}" ]; then
      case " $variants " in
        *" $kind "*)
          write_pc
          say "using libtorch $found in $folder"
          exit
          ;;
      esac
    fi
    reason="it is libtorch $found-$kind"
  fi
  say "not using the present $folder: $reason"
fi

has python3 || lacks "python3 is missing, which fetches libtorch: apt-get install python3 python3-pip"
[ "$missing" = 0 ] || exit 1

# Links to the cache's libtorch of this version, if it is whole.
use_cache() {
  local variant tree
  for variant in $variants; do
    tree=$cache/libtorch-$version-$variant
    [ -e "$tree" ] || continue
    if check_tree "$tree" "$version-$variant"; then
      make_way
      link "$tree"
      write_pc
      say "using libtorch $version ($variant) in $folder"
      return 0
    fi
    say "fetching libtorch $version ($variant) anew: $reason"
  done
  return 1
}
if use_cache; then exit; fi

# ---- Fetching it, one at a time.

python3 -m pip --version >/dev/null 2>&1 ||
  fail "pip is missing, which fetches libtorch: apt-get install python3-pip"
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] ||
  fail "$cache cannot be written: set XDG_CACHE_HOME to a folder that can"
if has flock; then
  # Children close descriptor 9, so that the lock goes with this process, however it ends.
  exec 9>"$cache/lock"
  if ! flock -n 9; then
    say "waiting for another setup to finish"
    flock 9
    if use_cache; then exit; fi
  fi
fi

# All work happens in one folder of this process. Those that killed processes left are removed.
for left in "$cache"/unfinished.*; do
  if [ -e "$left" ] && ! kill -0 "${left##*.}" 2>/dev/null; then rm -rf "$left"; fi
done
work=$cache/unfinished.$$
trap 'rm -rf "$work" "$folder.$$"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
rm -rf "$work"
mkdir "$work" "$work/scratch"

# An older tag is good for a newer system, but pip takes only the tags it is told.
platforms=()
for tag in _2_28 _2_27 _2_26 _2_25 _2_24 _2_17 2014 2010 1; do
  platforms+=(--platform "manylinux${tag}_x86_64")
done
quiet=(-q)
if [ -t 1 ]; then quiet=(); fi

# pip_download FOLDER ARGUMENTS...: what pip has to say in error is kept in a file.
pip_download() {
  TMPDIR=$work/scratch PIP_REQUIRE_VIRTUALENV=0 python3 -m pip download ${quiet[@]+"${quiet[@]}"} \
    --disable-pip-version-check --no-input --retries 2 --only-binary=:all: "${platforms[@]}" \
    --python-version 3.11 --implementation cp -d "$@" 2>"$work/errors" 9>&-
}

now() { date +%s%N; }
seconds() { printf '%d.%d s' $(($1 / 1000000000)) $(($1 / 100000000 % 10)); }

fetch() {
  local variant=$1 begin requirement wheels
  # A plain == would also take the cpu wheel, whose version differs after the + only.
  requirement="torch===$version"
  if [ "$variant" = cpu ]; then requirement="torch==$version+cpu"; fi
  say "downloading $requirement"
  rm -rf "$work/wheels"
  begin=$(now)
  pip_download "$work/wheels" --no-deps "$requirement" || return 1
  if [ "$variant" = cuda ]; then
    python3 scripts/unpack_libtorch.py companions "$work/wheels"/torch-*.whl >"$work/companions" ||
      fail "the torch wheel cannot be read"
    if [ -s "$work/companions" ]; then
      pip_download "$work/wheels" -r "$work/companions" || return 1
    fi
  fi
  download_time=$(($(now) - begin))
}

tree=""
for variant in $variants; do
  if fetch "$variant"; then
    tree=$cache/libtorch-$version-$variant
    break
  fi
  say "pip: $(grep -v '^WARNING' "$work/errors" | tail -n 1 || true)"
done
[ -n "$tree" ] || fail "libtorch $version could not be fetched: is the package index in reach?" \
  "LIBTORCH=dir uses one that you have"

begin=$(now)
python3 scripts/unpack_libtorch.py unpack "$work/tree" "$version-$variant" "$work/wheels"/*.whl 9>&- ||
  fail "libtorch $version could not be unpacked below $cache"
usable "$work/tree/torch" && loads "$work/tree/torch" ||
  fail "the libtorch fetched cannot be used: $reason"
[ "$(torch_version "$work/tree/torch")" = "$version" ] ||
  fail "the libtorch fetched is version $(torch_version "$work/tree/torch"), not $version"
if [ -e "$tree" ]; then mv -T "$tree" "$work/damaged"; fi
mv -T "$work/tree" "$tree"
make_way
link "$tree"
write_pc
say "libtorch $version ($variant) is in $folder: download $(seconds "$download_time")," \
  "unpacking and checking $(seconds $(($(now) - begin)))"
