#!/usr/bin/env bash
# Lets libFuzzer look for inputs on which a reader crashes, hangs or takes too much memory.
#
#     scripts/fuzz.sh [SECONDS [TARGET …]]     SECONDS for each target (200), as many at a time as cores
#
# Inputs that are found go to .build-fuzz/findings; corpora grow in .build-fuzz/corpora.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-200}
targets=("${@:2}")
swift build -c release --product FuzzProgram --sanitize fuzzer -Xswiftc -DLIBFUZZER \
  --scratch-path .build-fuzz
[ ${#targets[@]} -gt 0 ] || targets=($(ls Tests/Fuzzing/Corpus) run)
mkdir -p .build-fuzz/findings

fuzz() {
  local corpus=$PWD/.build-fuzz/corpora/$1
  mkdir -p "$corpus"
  cp Tests/Fuzzing/Corpus/"$1"/* "$corpus" 2>/dev/null || true
  ADAMQLR_FUZZ_TARGET=$1 ADAMQLR_FUZZ_CORPUS=$corpus OMP_NUM_THREADS=1 \
    .build-fuzz/release/FuzzProgram "$corpus" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -max_len=20000 -artifact_prefix=".build-fuzz/findings/$1-" \
    >".build-fuzz/findings/$1.log" 2>&1 && status=clean || status="FOUND, see .build-fuzz/findings/$1.log"
  printf '%-12s %s, %s\n' "$1" "$(grep -o 'Done [0-9]* runs' ".build-fuzz/findings/$1.log" || true)" "$status"
}
export -f fuzz
export seconds
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I '{}' bash -c 'fuzz {}' | tee .build-fuzz/summary
! grep -q FOUND .build-fuzz/summary
