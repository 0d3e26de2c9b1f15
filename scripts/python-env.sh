#!/usr/bin/env bash
# Prints the python of a private environment that has the packages of a requirements file:
#
#   python="$(scripts/python-env.sh Benchmarks/peers/requirements.txt)"
#
# The environment is made once, below ${XDG_CACHE_HOME:-~/.cache}, where the next clone finds it; its
# name ends in a hash of the requirements and of the python that made it, so that a change of either
# makes a new one. Progress and errors go to standard error. Needs python3 with pip.
set -euo pipefail

say() { printf 'python-env: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

[ $# = 1 ] || fail "usage: python-env.sh REQUIREMENTS.txt"
requirements=$1
[ -r "$requirements" ] || fail "$requirements cannot be read"
has python3 || fail "python3 is missing: apt-get install python3 python3-pip"
cache_home=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
[ -n "$cache_home" ] || fail "neither XDG_CACHE_HOME nor HOME is set: where may packages be kept?"

# The folder's name is part of a path in the environment's scripts, so it is made where it stays.
key=$(python3 - "$requirements" <<'PYTHON'
import hashlib, os, sys
with open(sys.argv[1], "rb") as file:
    key = hashlib.sha256(file.read())
key.update(("%s %s" % (sys.version, os.path.realpath(sys.executable))).encode())
print(key.hexdigest()[:16])
PYTHON
)
root=$cache_home/adamqlr-swift/python
environment=$root/$(basename "$(dirname "$(realpath "$requirements")")")-$key
python=$environment/bin/python

# Written last: an environment without it is not complete.
complete=$environment/complete
finish_if_complete() {
  if [ -e "$complete" ] && "$python" -c '' 2>/dev/null; then
    printf '%s\n' "$python"
    exit
  fi
}
finish_if_complete

mkdir -p "$root" 2>/dev/null && [ -w "$root" ] ||
  fail "$root cannot be written: set XDG_CACHE_HOME to a folder that can"
if has flock; then
  # The lock stays until the last child that writes there has ended, should this process be killed.
  exec 9>"$environment.lock"
  if ! flock -n 9; then
    say "waiting for another set-up of the same packages to finish"
    flock 9
    finish_if_complete
  fi
fi

say "installing the packages of $requirements, once"
rm -rf "$environment"
if python3 -c 'import ensurepip' 2>/dev/null; then
  python3 -m venv "$environment" >&2 || fail "python3 -m venv failed: apt-get install python3-venv"
  pip=("$python" -m pip)
else
  # Debian's python3 has venv, but pip can be put into an environment only with python3-venv.
  python3 -m pip --python python3 --version >/dev/null 2>&1 ||
    fail "pip 22.3 or later, or venv, is missing: apt-get install python3-pip python3-venv"
  python3 -m venv --without-pip "$environment" >&2 ||
    fail "python3 -m venv failed: apt-get install python3-venv"
  pip=(python3 -m pip --python "$python")
fi
quiet=(-q)
if [ -t 2 ]; then quiet=(); fi
PIP_REQUIRE_VIRTUALENV=0 PIP_USER=0 "${pip[@]}" install ${quiet[@]+"${quiet[@]}"} \
  --disable-pip-version-check --no-input --retries 2 -r "$requirements" >&2 ||
  fail "the packages of $requirements could not be installed; pip says why above"
touch "$complete"
say "the packages are in $environment"
printf '%s\n' "$python"
