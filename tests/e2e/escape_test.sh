#!/usr/bin/env bash
# What an image and a payload may not do to husk, in `--isolation namespace` and `--isolation process`: images whose
# paths are magic links (CVE-2024-21626), programs that have husk execute itself (CVE-2019-5736), payloads that outlive
# husk, and whose the standard streams are: escape_test.sh HUSK OUTLIVE INTERPRETED
# Needs root and busybox-static. Exit status 77: cannot be run here (ctest counts it as skipped).
set -u
husk=$1 outlive=$2 interpreted=$3
busybox=$(command -v busybox) || { echo "no busybox (apt package busybox-static)"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export HUSK_CACHE_DIR=$work/cache # images of directories that will be gone
root=$work/root
mkdir -p "$root"/{bin,etc,tmp}
cp "$busybox" "$root/bin/busybox"
for applet in sh ls cat chmod echo pwd readlink setsid sleep stat id true; do ln -s busybox "$root/bin/$applet"; done
cp "$outlive" "$root/bin/outlive"
cp "$interpreted" "$root/bin/interpreted"
chmod 755 "$work"
echo "the host's" >"$work/secret"

. "$(dirname "$0")/checks.sh"
run() { timeout 60 "$husk" run --isolation "$isolation" "$@"; }

isolation=namespace
echo "== magic links as the working directory"
for number in 0 3 4 5 6 7 8 9 10; do
  ln -sfn "/proc/self/fd/$number" "$root/app"
  out=$(run -w /app "$root" sh -c 'pwd; cat ../secret ../../secret 2>/dev/null; ls ../../../..' 2>"$work/err" </)
  expect "status with /app -> /proc/self/fd/$number" 125 $?
  expect "output with /app -> /proc/self/fd/$number" "" "$out"
  expect "lines on standard error" 1 "$(wc -l <"$work/err")"
  grep -q "^husk: cannot enter working directory '/app': " "$work/err" || fail "the line says: $(cat "$work/err")"
done
for link in /proc/self/cwd /proc/self/root /proc/1/root /proc/self/task/1/cwd; do
  ln -sfn $link "$root/app"
  run -w /app "$root" pwd >"$work/out" 2>/dev/null
  expect "status with /app -> $link" 125 $?
done
run -w /proc/self/fd/3 "$root" pwd >"$work/out" 2>/dev/null; expect "-w /proc/self/fd/3" 125 $?
run -w "/proc/self/fd/3/../../../.." "$root" pwd >"$work/out" 2>/dev/null; expect "-w /proc/self/fd/3/.." 125 $?
# What is no magic link is followed, and stays inside.
ln -sfn ../../../etc "$root/app"
expect "/app -> ../../../etc" /etc "$(run -w /app "$root" pwd -P)"
expect "-w /../../tmp" /tmp "$(run -w /../../tmp "$root" pwd -P)"
# One that is missing is made, inside as well.
ln -sfn /proc/self/root/.. "$root/app"
run -w /app/made "$root" pwd >"$work/out" 2>/dev/null; expect "-w /app/made with /app -> /proc/self/root/.." 125 $?
ln -sfn ../../../nothing "$root/app"
run -w /app "$root" pwd 2>"$work/err"; expect "a link to nothing as the working directory" 125 $?
expect "what it says" "husk: cannot enter working directory '/app': No such file or directory" "$(cat "$work/err")"
expect "-w /../../made" /made "$(run -w /../../made "$root" pwd -P)"
[ ! -e /made ] && [ ! -e "$root/made" ] || fail "a directory was made on the host"
mkdir -m 700 "$root/private"
expect "a working directory that the user may not enter: root does, as in runc" /private "$(run -w /private -u 1000:1000 "$root" pwd)"
rm -f "$root/app"

echo "== magic links as the program"
mkdir -p "$work/outside"
cp "$busybox" "$work/outside/busybox" # a program of the host, beside the image
for number in 3 4 5 6 7 8 9 10; do
  # From IMAGE's directory, and from the host's root.
  for path in "../outside/busybox" "../../../../../..$work/outside/busybox"; do
    ln -sfn "/proc/self/fd/$number/$path" "$root/bin/printf" # which busybox goes by
    out=$(run "$root" /bin/printf escaped 2>/dev/null)
    expect "status with /bin/printf -> /proc/self/fd/$number/$path, which is not there" 127 $?
    expect "output" "" "$out"
  done
done
for link in /proc/self/exe /proc/1/exe /proc/self/fd/0 /proc/self/root/bin/busybox; do
  ln -sfn $link "$root/bin/program"
  out=$(run "$root" /bin/program --help 2>"$work/err" <"$busybox")
  expect "status with /bin/program -> $link" 126 $?
  expect "output with /bin/program -> $link" "" "$out"
  grep -q "^husk: cannot run '/bin/program': Too many levels of symbolic links$" "$work/err" || fail "it says: $(cat "$work/err")"
  out=$(run "$root" program --help 2>/dev/null <"$busybox"); expect "status with $link in PATH" 126 $?
done
run "$root" /proc/self/exe 2>/dev/null; expect "/proc/self/exe itself" 126 $?

if [ -w /dev/kvm ]; then
  isolation=vm # where such a link can lead no further than into the guest
  for link in /proc/self/fd/0 /proc/self/fd/3 /proc/self/fd/3/../../.. /proc/1/root /proc/self/exe; do
    ln -sfn $link "$root/app"
    out=$(run -w /app "$root" ls secret ../secret ../../secret 2>/dev/null); expect "vm: -w $link" "" "$out"
    out=$(run "$root" /app --help 2>/dev/null); expect "vm: the program $link" "" "$out"
  done
  rm -f "$root/app"
  isolation=namespace
else
  echo "SKIPPED: the same in a VM: no /dev/kvm"
fi

echo "== mount points that are something else"
# What is mounted at /proc would be where the link leads, and /proc/sys/... still the image's.
odd=$work/odd
mkdir -p "$odd/bin" "$odd/etc"
cp "$root/bin/busybox" "$odd/bin/true"
for point in proc dev sys; do
  for kind in "ln -s etc" "ln -s ../../etc" "ln -s nowhere" mkfifo touch; do
    $kind "$odd/$point"
    run "$odd" true >"$work/out" 2>"$work/err"; expect "/$point made by $kind" 125 $?
    grep -q "^husk: cannot mount on /$point: it is not a directory in the image$" "$work/err" || fail "it says: $(cat "$work/err")"
    rm "$odd/$point"
  done
done

echo "== husk is no interpreter"
# With husk's file behind /proc/self/exe the kernel would execute husk in the container.
printf '#!/proc/self/exe\n' >"$root/bin/script"
printf '#!/proc/self/exe husk: become\n' >"$root/bin/script2"
chmod 755 "$root/bin/script" "$root/bin/script2"
for program in script script2 interpreted; do
  for user in 0:0 1000:1000; do
    run -u $user "$root" "/bin/$program" --version >"$work/out" 2>"$work/err" </dev/null
    expect "status of $program as $user" 126 $?
    expect "output of $program" "" "$(cat "$work/out")"
    expect "what it says" "husk: cannot run ...: /proc/self/exe is no interpreter" \
      "$(sed -E "s/run '[^']*'/run .../" "$work/err")"
  done
done
# By this name it passes for husk itself, and nothing past the end of its arguments is read.
cp "$interpreted" "$root/bin/husk: become"
for arguments in "" "/" "/ /bin/true"; do
  # shellcheck disable=SC2086 # words
  run "$root" "husk: become" $arguments >"$work/out" 2>"$work/err" </dev/null; expect "husk: become $arguments" 126 $?
done
rm "$root/bin/husk: become"
# And no script gets to husk's file by another name.
printf '#!/bin/interpreter\n' >"$root/bin/script"
ln -sfn /proc/1/exe "$root/bin/interpreter"
run "$root" /bin/script --version >"$work/out" 2>"$work/err"; expect "an interpreter -> /proc/1/exe" 126 $?

echo "== descriptors"
for isolation in namespace process; do
  # shellcheck disable=SC2016
  out=$(run "$root" sh -c 'exec 2>&-; for fd in 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do (: <&$fd) && echo $fd; done' 7</ 12<"$work/secret")
  expect "$isolation: descriptors of the caller and of husk" "" "$out"
  out=$(run "$root" sh -c 'echo in; : <&0 && echo 0' <&-); expect "$isolation: without standard input" "in 0" "$(echo $out)"
done
isolation=namespace
expect "standard input that is closed" /dev/null "$(run "$root" readlink /proc/self/fd/0 <&-)"

echo "== process isolation"
# /proc is there when the image directory has it, as `/` has.
isolation=process
mkdir -p "$root/proc"
mount -t proc proc "$root/proc"
for number in 3 4 5 6 7 8 9 10; do
  ln -sfn "/proc/self/fd/$number" "$root/app"
  out=$(run -w /app "$root" pwd 2>/dev/null); expect "process: /app -> /proc/self/fd/$number" 125 $?
  ln -sfn "/proc/self/fd/$number/../outside/busybox" "$root/bin/printf"
  out=$(run "$root" /bin/printf escaped 2>/dev/null); expect "process: printf -> /proc/self/fd/$number/.." 127 $?
  expect "process: output" "" "$out"
done
ln -sfn /proc/self/exe "$root/bin/program"
run "$root" /bin/program --help >/dev/null 2>&1; expect "process: program -> /proc/self/exe" 126 $?
umount "$root/proc"
rmdir "$root/proc"
rm -f "$root/app" "$root/bin/program" "$root/bin/printf"
expect "process: -w /../../tmp" /tmp "$(run -w /../../tmp "$root" pwd -P)"

echo "== payloads that would outlive husk"
# A number that no other test has on its command line.
mark=$((2000000 + $$))
gone() { ! pgrep -f "outlive $mark" >/dev/null; }
for option in "" "-m 32M" "-u 1000:1000"; do
  : >"$work/out"
  # shellcheck disable=SC2086 # the option and its value are two words
  timeout 60 sh -c 'echo $$ >"$0"; exec "$@"' "$work/pid" "$husk" run --isolation namespace $option "$root" \
    /bin/outlive $mark >"$work/out" 2>&1 &
  eventually grep -q ready "$work/out" || fail "$option: no payload: $(cat "$work/out")"
  pid=$(cat "$work/pid")
  payload=$(pgrep -f "^/bin/outlive $mark")
  expect "$option: processes of the payload" 1 "$(echo "$payload" | wc -w)"
  kill -9 "$pid"
  wait $! 2>/dev/null
  eventually gone || { fail "$option: outlives SIGKILL of husk"; kill -9 "$payload"; }
  swept() { [ -z "$(find /sys/fs/cgroup -type d -name "husk-$pid")" ]; }
  eventually swept || fail "$option: a control group is left"
done

# Whenever husk is killed: there is no moment at which the payload runs and there is no guard.
for _ in $(seq 40); do
  "$husk" run --isolation namespace "$root" /bin/outlive $mark >/dev/null 2>&1 &
  pid=$!
  sleep "0.00$((RANDOM % 7))"
  kill -9 $pid
  wait $pid 2>/dev/null
done
eventually gone || { fail "a payload outlives a husk that is killed early"; pgrep -f "^/bin/outlive $mark" | xargs kill -9; }

echo "== the guard"
: >"$work/out"
mkfifo "$work/fifo"
cat "$work/fifo" >"$work/streamed" &
reader=$!
timeout 60 sh -c 'echo $$ >"$0"; exec "$@"' "$work/pid" "$husk" run --isolation namespace "$root" \
  sh -c 'echo ready; exec >&- 2>&-; sleep 30' >"$work/fifo" 2>&1 &
husk_job=$!
eventually grep -q ready "$work/streamed" || fail "no payload"
pid=$(cat "$work/pid")
guard=$(pgrep -P "$pid" -f '^husk: guard')
if [ -z "$guard" ]; then
  fail "no guard"
else
  expect "descriptors of the guard" "anon_inode anon_inode" "$(for fd in "/proc/$guard"/fd/*; do readlink "$fd" | cut -d: -f1; done | xargs)"
  expect "session of the guard" "$guard" "$(awk '{ print $6 }' "/proc/$guard/stat")"
  expect "working directory of the guard" / "$(readlink "/proc/$guard/cwd")"
  expect "signals that the guard blocks" fffffffffffbfeff "$(awk '$1 == "SigBlk:" { print $2 }' "/proc/$guard/status")"
  grep -q husk-last-step "/proc/$guard/maps" || fail "the guard does not have its own program"
  expect "husk's memory in the guard" "" "$(grep -F "$husk" "/proc/$guard/maps")"
fi
kill -TERM "$pid"
wait $husk_job
expect "status" 143 $?
wait $reader
expect "a guard after the end" "" "$(pgrep -f '^husk: guard' | grep -x "${guard:-none}")"

echo "== standard streams of another user"
for isolation in namespace vm; do
  if [ $isolation = vm ] && ! [ -w /dev/kvm ]; then echo "SKIPPED: in a VM: no /dev/kvm"; continue; fi
  expect "$isolation: pipes" "out err in" "$(echo in | run -u 1000:1000 "$root" sh -c \
    'echo out >/dev/stdout; echo err >/dev/stderr; cat /dev/stdin' 2>&1 | xargs)"
  run -u 1000:1000 "$root" sh -c 'echo file >/dev/stdout; echo error >/dev/stderr' >"$work/file" 2>"$work/error"
  expect "$isolation: a file" "file error" "$(cat "$work/file" "$work/error" | xargs)"
done
isolation=namespace
rm -f "$work/file"
run -u 1000:1000 "$root" true >"$work/file" </dev/null 2>/dev/null
expect "owner of the file" 1000:0 "$(stat -c %u:%g "$work/file")"
expect "owner of /dev/null" 0:0 "$(stat -c %u:%g /dev/null)"
# An owner may do more than who has a descriptor: nothing is given away with which the payload could do less.
echo "the host's" >"$work/read"
echo "the host's" >"$work/append"
# shellcheck disable=SC2016
run -u 1000:1000 "$root" sh -c 'echo bad >/proc/self/fd/0; echo bad >/proc/self/fd/1; :' <"$work/read" >>"$work/append" 2>/dev/null
expect "owner of a file that is open for reading" 0:0 "$(stat -c %u:%g "$work/read")"
expect "owner of a file that is open for appending" 0:0 "$(stat -c %u:%g "$work/append")"
expect "their contents" "the host's the host's" "$(cat "$work/read" "$work/append" | tr '\n' ' ' | sed 's/ $//')"
run -u 1000:1000 "$root" true <"$work"; expect "owner of a directory" 0:0 "$(stat -c %u:%g "$work")"
# A terminal stays the caller's: its owner could let others read what is typed there, and /dev/tty is everybody's.
if command -v script >/dev/null; then
  # script(1) types a NUL when its standard input ends, which is echoed.
  on_terminal() { script -qec "$1" /dev/null </dev/null | tr -d '\r' | sed 's/\^@//g' | xargs; }
  terminal="stat -Lc '%u %a' /dev/stdin"
  as_user="$husk run --isolation namespace -u 1000:1000 $root"
  expect "a terminal" "out" "$(on_terminal "$as_user echo out")"
  expect "-t: a terminal" "out" "$(on_terminal "$husk run -t --isolation namespace -u 1000:1000 $root sh -c 'echo out >/dev/tty'")"
  before=$(on_terminal "$terminal")
  expect "the terminal afterwards" "$before $before" \
    "$(on_terminal "$terminal; $as_user chmod 666 /proc/self/fd/0 2>/dev/null; $terminal")"
  expect "the terminal meanwhile" 0 "$(on_terminal "$as_user stat -Lc %u /dev/stdin")"
  mode=$(stat -c '%u %a' /dev/tty)
  on_terminal "$as_user chmod 640 /proc/self/fd/0 </dev/tty" >"$work/out"
  expect "owner and mode of /dev/tty" "$mode" "$(stat -c '%u %a' /dev/tty)"
  chmod "${mode#* }" /dev/tty
  # The payload has a process group of its own: kill(0, ...) does not reach the caller.
  cat >"$work/caller" <<'EOF'
"$@" sh -c 'kill -9 0'
"$@" sh -c 'exec 2>/dev/null; setsid sh -c "kill -9 0"; exit $?'
echo "the caller lives: $?"
EOF
  expect "-t: signals to the caller's process group, and to one of the payload's own" "the caller lives: 137" \
    "$(on_terminal "sh $work/caller $husk run -t --isolation namespace $root")"
else
  echo "SKIPPED: terminals: no script(1)"
fi

echo "== a caller without privileges"
# In a user namespace, and with the process runner straight from the image's directory.
unprivileged() { setpriv --reuid 12345 --regid 12345 --clear-groups -- "$@"; }
cp "$husk" "$work/husk"
if unprivileged unshare --user --map-root-user true 2>/dev/null; then
  expect "namespace: a payload" 0 "$(cd / && unprivileged timeout 60 "$work/husk" run --isolation namespace "$root" id -u)"
  for number in 3 4 5 6 7 8 9 10; do
    ln -sfn "/proc/self/fd/$number" "$root/app"
    ln -sfn "/proc/self/fd/$number/../outside/busybox" "$root/bin/printf"
    for isolation in namespace process; do
      out=$(cd / && unprivileged timeout 60 "$work/husk" run --isolation $isolation -w /app "$root" pwd 2>/dev/null)
      expect "$isolation: /app -> /proc/self/fd/$number" 125 $?
      expect "$isolation: output" "" "$out"
      out=$(cd / && unprivileged timeout 60 "$work/husk" run --isolation $isolation "$root" /bin/printf escaped 2>/dev/null)
      expect "$isolation: printf -> /proc/self/fd/$number/.." 127 $?
      expect "$isolation: output" "" "$out"
    done
  done
  ln -sfn /proc/self/exe "$root/bin/program"
  (cd / && unprivileged timeout 60 "$work/husk" run --isolation namespace "$root" program --help >/dev/null 2>&1)
  expect "namespace: program -> /proc/self/exe" 126 $?
  (cd / && unprivileged timeout 60 "$work/husk" run --isolation namespace "$root" interpreted >/dev/null 2>&1)
  expect "namespace: husk as the interpreter" 126 $?
  : >"$work/out"
  unprivileged timeout 60 sh -c 'echo $$; exec "$@"' sh "$work/husk" run --isolation namespace "$root" \
    /bin/outlive $mark >"$work/out" 2>/dev/null &
  eventually grep -q ready "$work/out" || fail "no payload"
  kill -9 "$(head -1 "$work/out")"
  wait $! 2>/dev/null
  eventually gone || { fail "outlives SIGKILL of husk"; kill -9 $(pgrep -f "^/bin/outlive $mark"); }
else
  echo "SKIPPED: this host lets no unprivileged user make a user namespace"
fi

finish
