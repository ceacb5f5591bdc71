# What the end-to-end tests in bash share; sourced. (The cases in tests/e2e/cases, which also run where there is only
# busybox, have lib.sh.)
failures=0
skipped=0
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }

# skip WHAT WHY: a part that cannot be tried here. What is not tried has not passed: the whole test counts as skipped then.
skip() { echo "SKIPPED: $1: $2"; skipped=$((skipped + 1)); }

# expect WHAT WANTED GOT
expect() { [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"; }

# Waits up to half a minute until the command "$@" succeeds.
eventually() { for _ in $(seq 1500); do "$@" && return 0; sleep 0.02; done; return 1; }

finish() {
  [ "$failures" = 0 ] || exit 1
  if [ "$skipped" != 0 ]; then
    echo "the rest passed; $skipped parts could not be tried (above), which is not counted as passed"
    exit 77
  fi
  echo "all passed"
  exit 0
}
