# Signals that husk is sent reach the payload.
# signalled SIGNAL ARGUMENT...: runs husk, sends it SIGNAL once the payload has said "ready", leaves $status and $out.
# husk runs in the foreground, since a shell starts background commands with SIGINT ignored.
signalled() {
  signal=$1
  shift
  rm -f "$WORK/out" "$WORK/pid"
  : >"$WORK/out"
  (
    waited=0
    while ! grep -q ready "$WORK/out" && [ $waited -lt 600 ]; do
      waited=$((waited + 1))
      sleep 0.1
    done
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

signalled TERM "$R" sh -c 'trap "echo caught; exit 5" TERM; echo ready; while :; do sleep 0.1; done'
expect "a handler of SIGTERM" "5 ready
caught" "$status $out"

signalled TERM "$R" sh -c 'echo ready; exec sleep 100'
expect "SIGTERM without a handler" 143 "$status"

# The VMM ends a guest whose kernel leaves the signal for most of a second, but one that is in a long system call is not
# out of its mind.
long=256M
[ "$RING" != 0 ] || long=256K # where KVM emulates CPL 0 that takes as long
signalled TERM -m 512M "$R" sh -c 'trap "echo caught; exit 5" TERM; echo ready
dd if=/dev/urandom of=/dev/null bs='$long' count=1 2>/dev/null; sleep 1; echo read'
expect "SIGTERM in the middle of a long read" "5 ready
caught" "$status $out"

signalled INT "$R" sh -c 'trap "echo interrupted; exit 130" INT; echo ready; while :; do sleep 0.1; done'
expect "SIGINT to a handler" "130 ready
interrupted" "$status $out"

signalled INT "$R" sh -c 'echo ready; exec sleep 100'
expect "SIGINT ends sleep" 130 "$status"

signalled HUP "$R" sh -c 'trap "echo hup; hup=yes" HUP; trap "echo usr1" USR1; echo ready
i=0; while [ -z "$hup" ] && [ $i -lt 300 ]; do sleep 0.1; i=$((i + 1)); done; sleep 0.2; exit 4'
expect "SIGHUP" "4 ready
hup" "$status $out"
