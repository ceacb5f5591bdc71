# `--jail full`: the VMM in namespaces of its own behaves as any other, and nothing of it outlives husk.
OPTIONS="--jail full"
. "$here/cases/status.sh"

signalled TERM "$R" sh -c 'trap "echo caught; exit 5" TERM; echo ready; while :; do sleep 0.1; done'
expect "a handler of SIGTERM" "5 ready
caught" "$status $out"
signalled INT "$R" sh -c 'echo ready; exec sleep 100'
expect "SIGINT ends sleep" 130 "$status"

expect "standard input" "a line" "$(echo 'a line' | husk_run "$R" cat)"

# The process that was started waits for the VMM, which is its child.
: >"$WORK/out"  # of what was there before
"$HUSK" run --guest-ring "$RING" $OPTIONS "$R" sh -c 'echo ready; exec sleep 1000' >"$WORK/out" 2>"$WORK/err" </dev/null &
husk=$!
eventually 600 grep -q ready "$WORK/out"
vmm=$(cat "/proc/$husk/task/$husk/children")
expect "one VMM" 1 "$(echo $vmm | wc -w)"
kill -KILL "$husk"
wait "$husk" 2>/dev/null
eventually 100 test ! -e "/proc/${vmm% }"
expect "the VMM is gone with husk" 0 $?

in_guest --isolation namespace "$R" true
expect "it is for VMs" 125 "$status"
