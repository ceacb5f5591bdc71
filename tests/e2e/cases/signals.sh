# Signals that husk is sent reach the payload.
signalled TERM "$R" sh -c 'trap "echo caught; exit 5" TERM; echo ready; while :; do sleep 0.1; done'
expect "a handler of SIGTERM" "5 ready
caught" "$status $out"

signalled TERM "$R" sh -c 'echo ready; exec sleep 100'
expect "SIGTERM without a handler" 143 "$status"

# The VMM ends a guest whose kernel leaves the signal for most of a second, but one that is in a long system call is not
# out of its mind.
long=256M
[ "${HWLAB:-}" != yes ] || long=16M # what takes as long on an emulated processor,
[ "${HWLAB:-}" = yes ] || [ "$SLOW" != yes ] || long=64K # and where KVM emulates CPL 0
signalled TERM -m 512M "$R" sh -c 'trap "echo caught; exit 5" TERM; { sleep 0.3; echo ready; } &
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
