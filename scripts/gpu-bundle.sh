#!/usr/bin/env bash
# Makes the folder gpu-bundle: the command, and what it is measured beside, for a Linux machine with an
# NVIDIA GPU and Python's PyTorch 2.11, but without Swift. There, gpu-bundle/run checks and measures.
#
# The program is built beside the usual one, with a libtorch and a build folder of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { printf 'gpu-bundle: %s\n' "$*" >&2; exit 1; }

torch=2.11.0
largest=$((48 << 20))
bundle=gpu-bundle
command -v objdump >/dev/null || fail "objdump is missing: apt-get install binutils"

export LIBTORCH_DIR=.libtorch-gpu
export PKG_CONFIG_PATH=$PWD/$LIBTORCH_DIR
TORCH_VERSION=$torch scripts/setup.sh
build=(swift build -c release --scratch-path .build-gpu --product adamqlr-gpu
  --static-swift-stdlib -Xlinker -s)
"${build[@]}"
program=$("${build[@]}" --show-bin-path)/adamqlr-gpu

# What it asks for is what any such machine has.
needed=$(objdump -p "$program" | sed -n 's/^ *NEEDED *//p')
surplus=$(grep -vE '^(libtorch_cpu|libc10|libstdc\+\+|libgcc_s|libm|libc|libz|ld-linux-x86-64)\.so' \
  <<<"$needed" || true)
[ -z "$surplus" ] || fail "the program needs" $surplus
newest() {
  objdump -T "$program" | grep -o "(${1}_[0-9.]*)" | sort -uV | tail -n 1 | tr -d '()' | tr _ ' '
}

rm -rf "$bundle.unfinished"
mkdir -p "$bundle.unfinished/peers"
trap 'rm -rf "$bundle.unfinished"' EXIT
gzip -9 -n <"$program" >"$bundle.unfinished/adamqlr.gz"
cp Benchmarks/gpu/run "$bundle.unfinished/"
cp Benchmarks/peers/{harness,problem}.py Benchmarks/peers/torch_*.py "$bundle.unfinished/peers/"
cat >"$bundle.unfinished/built.json" <<JSON
{
  "adamqlr": "$("$program" --version), $(git describe --always --dirty 2>/dev/null || echo unknown)",
  "needs at least": "$(newest GLIBC), $(newest GLIBCXX), $(newest CXXABI)"
}
JSON
size=$(du -sb "$bundle.unfinished" | cut -f 1)
[ "$size" -le "$largest" ] || fail "the folder takes $size bytes, above $largest"
rm -rf "$bundle"
mv "$bundle.unfinished" "$bundle"
printf 'gpu-bundle: %d.%d MiB in %s, to be run as %s/run on a machine with a GPU\n' \
  $((size >> 20)) $((size * 10 / (1 << 20) % 10)) "$bundle" "$bundle"
