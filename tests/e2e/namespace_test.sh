#!/usr/bin/env bash
# End-to-end tests of `husk run --isolation namespace` and `--isolation process`: namespace_test.sh HUSK
# Needs root and busybox-static. Exit status 77: cannot be run here (ctest counts it as skipped).
set -u
husk=$1
busybox=$(command -v busybox) || { echo "no busybox (apt package busybox-static)"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,etc}
cp "$busybox" "$root/bin/busybox"
for applet in $("$busybox" --list); do
  [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'nobody:x:65534:65534:nobody:/:/bin/sh' >>"$root/etc/passwd"
chmod 755 "$work"

. "$(dirname "$0")/checks.sh"

in_namespace() { timeout 60 "$husk" run --isolation namespace "$@"; }
run() { timeout 60 "$husk" run --isolation "$isolation" "$@"; }

# Starts husk, whose process is then $pid, and waits until its payload has written "ready". A shell starts what runs in
# the background with SIGINT ignored; husk is to have it as it would have it on a terminal.
start() {
  : >"$work/out"
  timeout 60 env --default-signal=INT sh -c 'echo $$ >"$0"; exec "$@"' "$work/pid" "$husk" run "$@" >"$work/out" &
  eventually grep -q ready "$work/out" || fail "no payload of: $*"
  pid=$(cat "$work/pid")
}

# The control group with a memory limit that a husk with this process number makes. Others' may be there too.
memory_group() { find /sys/fs/cgroup -type d -name "husk-$1"; }
mounts() { wc -l </proc/self/mountinfo; }

# How long payloads sleep that only a signal ends: a number that no other test has on its command line.
for_ever=$((1000000 + $$))

for isolation in namespace process; do
  echo "== statuses and streams: $isolation"
  expect "$isolation echo" hello "$(run "$root" /bin/echo hello)"
  run "$root" /bin/sh -c 'exit 7'; expect "$isolation exit 7" 7 $?
  run "$root" sh -c 'kill -9 $$'; expect "$isolation kill -9 of itself" 137 $?
  run "$root" sh -c 'kill -TERM $$'; expect "$isolation kill -TERM of itself" 143 $?
  run "$root" nosuch 2>"$work/err"; expect "$isolation missing command" 127 $?
  expect "$isolation lines on standard error" 1 "$(wc -l <"$work/err")"
  run "$root" /etc/passwd 2>"$work/err"; expect "$isolation command that is not executable" 126 $?
  run "$work/nothing" true 2>"$work/err"; expect "$isolation missing image" 125 $?
  expect "$isolation lines on standard error" 1 "$(wc -l <"$work/err")"
  printf 'b\na\n' | run "$root" sh -c 'sort; echo error >&2' >"$work/out" 2>"$work/err"
  expect "$isolation standard output" "a b " "$(tr '\n' ' ' <"$work/out")"
  expect "$isolation standard error" error "$(cat "$work/err")"

  echo "== signals: $isolation"
  for signal in INT:130 TERM:143 HUP:129 USR1:138; do
    start --isolation "$isolation" "$root" sh -c "echo ready; exec sleep $for_ever"
    kill -"${signal%:*}" "$pid"
    wait $!
    expect "$isolation SIG${signal%:*}" "${signal#*:}" $?
  done
  start --isolation "$isolation" "$root" sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.02; done'
  kill -TERM "$pid"
  wait $!
  expect "$isolation SIGTERM with a handler" 5 $?
  start --isolation "$isolation" "$root" sh -c 'trap "" USR1; echo ready; sleep 0.6; exit 9'
  kill -USR1 "$pid"
  wait $!
  expect "$isolation SIGUSR1 that is ignored" 9 $?
  (trap "" HUP && exec "$husk" run --isolation "$isolation" "$root" sh -c 'echo ready; sleep 0.6; exit 9' >"$work/hup") &
  eventually grep -q ready "$work/hup" || fail "$isolation: no payload"
  kill -HUP $!
  wait $!
  expect "$isolation SIGHUP that husk's parent ignores, as nohup(1)" 9 $?
done

echo "== what a container sees"
in_namespace "$root" sh -c '(sleep 0.2; kill -TERM 1) & sleep 20; exit 3'; expect "kill of process 1 by another" 143 $?
in_namespace "$root" sh -c 'trap "exit 6" INT; (sleep 0.2; kill -INT 1) & sleep 1 & wait; wait; exit 3'
expect "kill of process 1, which has a handler, by another" 6 $?
in_namespace "$root" sh -c 'su -s /bin/sh nobody -c "kill -9 1" 2>/dev/null; exit 3'
expect "kill of process 1 by a user who may not" 3 $?
status=$(in_namespace "$root" cat /proc/self/status)
field() { echo "$status" | awk -v key="$1:" '$1 == key { print $2 }'; }
expect "effective capabilities" 00000000a00425fb "$(field CapEff)"
expect "permitted capabilities" 00000000a00425fb "$(field CapPrm)"
expect "bounding set" 00000000a00425fb "$(field CapBnd)"
expect "inheritable set" 0000000000000000 "$(field CapInh)"
expect "groups of the caller" 0 "$(setpriv --groups 4,24 timeout 60 "$husk" run --isolation namespace "$root" id -G)"
expect "ambient set" 0000000000000000 "$(field CapAmb)"
expect "no_new_privs" 1 "$(field NoNewPrivs)"
expect "seccomp mode" 2 "$(field Seccomp)"
expect "process 1" 1 "$(in_namespace "$root" sh -c 'echo $$')"
status=$(in_namespace -u 1000:1000 "$root" cat /proc/self/status)
expect "capabilities of user 1000" 0000000000000000 "$(field CapEff)"
expect "uid" 1000 "$(field Uid)"
expect "gid" 1000 "$(field Gid)"
expect "namespaces of its own" "" "$( (in_namespace "$root" sh -c 'for n in mnt pid net ipc uts cgroup; do readlink /proc/self/ns/$n; done'
  for n in mnt pid net ipc uts cgroup; do readlink /proc/self/ns/$n; done) | sort | uniq -d)"
expect "network interfaces" lo "$(in_namespace "$root" sh -c 'ls /sys/class/net')"
in_namespace "$root" ping -c 1 -W 5 127.0.0.1 >/dev/null || fail "the loopback interface is not up"
expect "host name" box "$(in_namespace --hostname box "$root" hostname)"
expect "devices" "all there" "$(in_namespace "$root" sh -c '[ -c /dev/null ] && [ -c /dev/zero ] && [ -c /dev/full ] &&
  [ -c /dev/random ] && [ -c /dev/urandom ] && [ -c /dev/tty ] && [ -c /dev/pts/ptmx ] && [ -d /dev/shm ] && echo all there')"
in_namespace "$root" mount -t tmpfs none /tmp 2>/dev/null && fail "mount(2) is allowed"
in_namespace "$root" sh -c 'echo 1 >/proc/sys/vm/drop_caches' 2>/dev/null && fail "/proc/sys can be written"
in_namespace "$root" mkdir /sys/x 2>/dev/null && fail "/sys can be written"
expect "masked /proc/keys" 0 "$(in_namespace "$root" sh -c 'wc -c </proc/keys')"
expect "descriptors" "0 1 2" "$(in_namespace "$root" sh -c 'ls /proc/1/fd; true' 9</dev/null | xargs)"
in_namespace "$root" sh -c 'echo changed >/etc/passwd; rm /bin/ls; mkdir /new' || fail "the root cannot be changed"
expect "image after that" "root:x:0:0:root:/root:/bin/sh" "$(head -1 "$root/etc/passwd")"
[ -L "$root/bin/ls" ] && [ ! -e "$root/new" ] && [ ! -e "$root/proc" ] || fail "the image was changed"

echo "== nothing is left behind"
mounts_before=$(mounts)
start --isolation namespace -m 32M "$root" sh -c 'echo ready; exit 4'
wait $!
expect "status with a memory limit" 4 $?
expect "control groups after a run" "" "$(memory_group "$pid")"
in_namespace -m 16M "$root" sh -c 'head -c 100000000 /dev/zero >/big' 2>"$work/err"; expect "out of memory" 137 $?
grep -q 'husk: .*memory' "$work/err" || fail "no line says that memory ran out: $(cat "$work/err")"
for option in "" "-m 32M"; do
  # shellcheck disable=SC2086 # the option and its value are two words
  start --isolation namespace $option "$root" sh -c "echo ready; exec sleep $for_ever"
  [ -z "$option" ] || [ -n "$(memory_group "$pid")" ] || fail "no control group with $option"
  kill -9 "$pid"
  wait $! 2>/dev/null
  gone() { ! pgrep -f "sleep $for_ever" >/dev/null; }
  eventually gone || fail "processes after SIGKILL of husk: $(pgrep -af "sleep $for_ever")"
  swept() { [ -z "$(memory_group "$pid")" ]; }
  eventually swept || fail "control groups after SIGKILL of husk: $(memory_group "$pid")"
done
expect "mounts" "$mounts_before" "$(mounts)"

finish
