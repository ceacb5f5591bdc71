# What the end-to-end cases share. Each case is a POSIX sh script, because it runs here and in tools/hwlab, where there is
# only busybox. Set by tests/e2e/run:
#   HUSK   the command              RING   0, 3 or auto: what --guest-ring gets
#   R      a busybox root           D      a Debian root or its image's name, for the case "debian" only
#   SLOW   "yes" where instructions of the guest kernel are emulated (ring 0 without hardware virtualization; all of them
#          in the lab): long cases are shortened, never left out
#   WORK   an empty directory, removed afterwards
# Set by a case: OPTIONS  further options of `husk run`

failures=0
OPTIONS=

# husk_run ARGUMENT...: `husk run` that cannot hang the tests.
husk_run() { timeout -k 2 "${LIMIT:-120}" "$HUSK" run --guest-ring "$RING" $OPTIONS "$@"; }

# in_guest ARGUMENT...: runs husk_run; leaves $status, and what was written in $out and $err.
in_guest() {
  status=0
  husk_run "$@" >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
  out=$(cat "$WORK/out")
  err=$(cat "$WORK/err")
}

# expect WHAT EXPECTED ACTUAL
expect() {
  [ "$2" != "$3" ] || return 0
  failures=$((failures + 1))
  printf 'FAIL %s\n  expected: %s\n  got:      %s\n' "$1" "$(printf '%s' "$2" | head -n 20)" "$(printf '%s' "$3" | head -n 20)"
  [ ! -s "$WORK/err" ] || sed 's/^/  stderr:   /' "$WORK/err" | head -n 10
}

# expect_match WHAT PATTERN ACTUAL: a shell pattern
expect_match() {
  # shellcheck disable=SC2254 # it is a pattern
  case "$3" in
    $2) ;;
    *) expect "$1" "(something like) $2" "$3" ;;
  esac
}

# eventually TENTHS COMMAND...: until it succeeds; fails after so many tenths of a second.
eventually() {
  tenths=$1
  shift
  until "$@"; do
    [ "$tenths" -gt 0 ] || return 1
    tenths=$((tenths - 1))
    sleep 0.1
  done
}

# signalled SIGNAL ARGUMENT...: runs husk, sends it SIGNAL once the payload has said "ready", leaves $status and $out.
# husk runs in the foreground, since a shell starts background commands with SIGINT ignored.
signalled() {
  signal=$1
  shift
  rm -f "$WORK/out" "$WORK/pid"
  : >"$WORK/out"
  (
    eventually 600 grep -q ready "$WORK/out"
    kill "-$signal" "$(cat "$WORK/pid")"
    sleep 60
    kill -KILL "$(cat "$WORK/pid")"
  ) >/dev/null 2>&1 & # its sleep must not hold the pipe that ctest reads
  sender=$!
  status=0
  sh -c 'echo $$ >"$0"; exec "$@"' "$WORK/pid" "$HUSK" run --guest-ring "$RING" $OPTIONS "$@" \
    >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
  kill "$sender" 2>/dev/null
  wait "$sender" 2>/dev/null
  out=$(cat "$WORK/out")
}

# long NUMBER: the number, or a hundredth of it (at least 1) where it would take too long.
long() {
  if [ "$SLOW" = yes ]; then echo $(($1 / 100 > 0 ? $1 / 100 : 1)); else echo "$1"; fi
}

# skip WHY: this case cannot be run here. CTest calls it skipped.
skip() {
  echo "SKIPPED: $1"
  exit 77
}

finish() {
  [ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
  exit 0
}
