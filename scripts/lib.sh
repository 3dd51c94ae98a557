# shellcheck shell=bash disable=SC2034
# Sourced by every script: where things are, and how progress is told. Progress goes to
# stderr; stdout is for results.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DEPS=$ROOT/.deps
CPP_FILES='^(src|tests|fuzz|bench|packaging)/.*\.(cc|h)$'
BINARY=$ROOT/build/release/shoestring
# Debian's own, which the wheels in tests/requirements.txt fit.
PYTHON=${PYTHON:-/usr/bin/python3}

export HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
export PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin
# A compile is found again from another checkout of the same sources.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
export PYTHONPATH=$DEPS/python PYTHONDONTWRITEBYTECODE=1

say() { printf '==> %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# The comment at the head of the script is its manual.
usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

# wants_help "$@": whether --help or -h is among the arguments.
wants_help() {
  local argument
  for argument; do
    case $argument in
      -h | --help) return 0 ;;
      --) return 1 ;;
    esac
  done
  return 1
}

duration() {  # SECONDS
  if (($1 < 60)); then printf '%d s' "$1"; else printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); fi
}

# step TEXT COMMAND...: says what is being done and how long it took.
CURRENT_STEP=
STEP_START=0
step() {
  CURRENT_STEP=$1
  STEP_START=$SECONDS
  say "$CURRENT_STEP"
  shift
  "$@"
  say "$CURRENT_STEP: done in $(duration $((SECONDS - STEP_START)))"
  CURRENT_STEP=
}

# A script defines its own to put things back, whichever way it ends.
cleanup() { :; }

finish() {
  local status=$?
  if ((status)) && [[ $CURRENT_STEP ]]; then
    say "$CURRENT_STEP: failed after $(duration $((SECONDS - STEP_START)))"
  fi
  cleanup
}
trap finish EXIT

# Arrow and DuckDB are not instrumented: containers that cross over to them look broken, and
# what they lock or count is not seen.
sanitizer_options() {
  export ASAN_OPTIONS=detect_container_overflow=0:alloc_dealloc_mismatch=0
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  export TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1
}

cores() { nproc 2>/dev/null || echo 2; }

# The files of the checkout: what git tracks or would track, else everything but what is ignored.
project_files() {
  if [[ -e $ROOT/.git ]] && command -v git >/dev/null; then
    git -c safe.directory='*' -C "$ROOT" ls-files --cached --others --exclude-standard
  else
    (cd "$ROOT" && find . \( -path ./.git -o -path ./.deps -o -path ./build -o -path ./demo-lake \
      -o -name __pycache__ -o -name .pytest_cache \) -prune -o -type f -print | sed 's|^\./||')
  fi
}
