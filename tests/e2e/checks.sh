# What the end-to-end tests in bash share; sourced. (The cases in tests/e2e/cases, which also run where there is only
# busybox, have lib.sh.)
failures=0
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }

# expect WHAT WANTED GOT
expect() { [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"; }

# Waits up to half a minute until the command "$@" succeeds.
eventually() { for _ in $(seq 1500); do "$@" && return 0; sleep 0.02; done; return 1; }

finish() {
  [ "$failures" = 0 ] && echo "all passed"
  exit $((failures != 0))
}
