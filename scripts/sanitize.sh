#!/usr/bin/env bash
# Runs the tests under sanitizers, which find reads and writes outside of memory and after its release,
# undefined behavior of the C++ code, leaks, and races.
#
#     scripts/sanitize.sh [address | thread] [ARGUMENT …]     both; arguments go to swift test
#
# Logs go to .build-sanitize/. What libraries do by themselves is suppressed, with reasons, in
# scripts/sanitize/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
suppressions=$PWD/scripts/sanitize
logs=$PWD/.build-sanitize
mkdir -p "$logs"
case ${1:-} in
  address | thread) sanitizers=("$1") && shift ;;
  *) sanitizers=(address thread) ;;
esac

# The package of a consumer is built without them, by the ordinary tests. Under a limit of memory
# or of files' sizes sanitizers do not start, nor the search for leaks under a tracer; and one test reads
# what the C library's own malloc notes, which they replace.
skipped=()
for test in ConsumerTests MicroBatchCommandTests/outOfMemory DataCommandTests/fullDisk NetworkUseTests \
  ProcessSettingsTests/untouched; do
  skipped+=(--skip "$test")
done
export ADAMQLR_TEST_LIMIT=1800
export UBSAN_OPTIONS=print_stacktrace=1
export ASAN_OPTIONS=allocator_may_return_null=1:detect_stack_use_after_return=1
export LSAN_OPTIONS=suppressions=$suppressions/leaks.txt:print_suppressions=0
export TSAN_OPTIONS=allocator_may_return_null=1:suppressions=$suppressions/races.txt

for sanitizer in "${sanitizers[@]}"; do
  options=(--sanitize "$sanitizer" --scratch-path ".build-$sanitizer")
  if [ "$sanitizer" = address ]; then
    # -fno-sanitize=vptr: libtorch's types come without their run-time information.
    options+=(-Xcxx -fsanitize=undefined -Xcxx -fno-sanitize=vptr,function
      -Xcxx -fno-sanitize-recover=undefined)
  fi
  swift test -c release --disable-testable-imports "${options[@]}" "${skipped[@]}" "$@" \
    2>&1 | tee "$logs/$sanitizer.log"
  # Reports of programs that the tests expect to fail do not fail the tests.
  if grep -E 'ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:' \
    "$logs/$sanitizer.log"; then exit 1; fi
done
