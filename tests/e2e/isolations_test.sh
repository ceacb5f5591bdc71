#!/usr/bin/env bash
# What `husk run` does the same in every isolation, whatever it was started from: isolations_test.sh HUSK ROOT
# Needs root and /dev/kvm for all of it; without root only what a user may do.
set -u
husk=$1
root=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
. "$(dirname "$0")/checks.sh"

cp -a "$root" "$work/root"
mkdir -m 700 "$work/root/locked"
ln -s /etc "$work/root/link"

isolations="namespace process"
[ ! -w /dev/kvm ] || isolations="vm jail $isolations"
# run ARGUMENT...: in $isolation, by a shell that has first run $before. (timeout(1) handles signals that were ignored.)
before=true
run() {
  case $isolation in
    jail) set -- --jail full "$@" ;;
    *) set -- --isolation "$isolation" "$@" ;;
  esac
  timeout -k 2 60 bash -c "$before"'; exec "$@"' bash "$husk" run "$@"
}

for isolation in $isolations; do
  echo "== $isolation"
  # A process's own image: what is made in it stays, and another test may use $root.
  image=$work/root
  if [ "$isolation" = process ]; then
    image=$work/image
    mkdir -p "$image/bin" "$image/etc" "$image/proc"
    mkdir -m 700 "$image/locked"
    ln -s /etc "$image/link"
    cp /bin/busybox "$image/bin/busybox"
    for applet in sh cat pwd stat grep echo id head; do ln -s busybox "$image/bin/$applet"; done
    : >"$image/etc/passwd"
    mount --bind /proc "$image/proc" 2>/dev/null
    trap 'umount "$image/proc" 2>/dev/null; rm -rf "$work"' EXIT
  fi

  # What was ignored stays ignored (nohup(1), background jobs of scripts), for husk and for its payload.
  ignored=$( (trap '' HUP INT QUIT TERM USR1; exec grep SigIgn /proc/self/status))
  before="trap '' HUP INT QUIT TERM USR1"
  expect "signals that the payload ignores" "$ignored" "$(run "$image" grep SigIgn /proc/self/status)"
  expect "ignored signals" alive \
    "$(run "$image" sh -c 'for signal in HUP INT QUIT TERM USR1; do kill -$signal $$; done; echo alive')"
  before="trap '' CHLD PIPE"
  expect "no others are ignored" 0000000000000000 "$(run "$image" grep SigIgn /proc/self/status | grep -o '0.*')"
  before=true
  (trap '' INT && exec "$husk" run --isolation "${isolation/jail/vm}" "$image" sh -c 'echo ready; sleep 0.6; exit 9' >"$work/out") &
  eventually grep -q ready "$work/out" || fail "no payload"
  kill -INT $!
  wait $!
  expect "husk itself with SIGINT ignored" 9 $?

  # The limit of file sizes is for the payload, not for husk.
  expect "with a limit of file sizes" "hello" "$(ulimit -S -f 0; run "$image" echo hello)"
  (ulimit -S -f 1; run "$image" sh -c 'head -c 100000 /bin/busybox; echo $? >&2' >"$work/small" 2>"$work/err")
  expect "status at the limit of file sizes" 0 $?
  expect "the writer" 153 "$(tail -n 1 "$work/err")"

  # A working directory that is missing is made, as runc has it.
  expect "a missing working directory" "/a/b c/d 0 755" \
    "$(run -w '/a/b c/d' -u 1000:1000 "$image" sh -c 'echo $(pwd) $(stat -c "%u %a" .)' 2>"$work/err" || cat "$work/err")"
  expect "a working directory through a link" "/etc/passwd.d" \
    "$(run -w /link/passwd.d "$image" pwd -P 2>"$work/err" || cat "$work/err")"
  expect "a working directory that the user may not enter" "/locked" "$(run -w /locked -u 1000:1000 "$image" pwd 2>&1)"
  run -w /etc/passwd "$image" pwd 2>"$work/err"
  expect "a working directory that is none" 125 $?
  grep -q "^husk: .*cannot enter working directory" "$work/err" || fail "the line says: $(cat "$work/err")"
  run -w /etc/passwd/below "$image" pwd 2>"$work/err"
  expect "a working directory that cannot be made" 125 $?
  expect "lines about it" 1 "$(wc -l <"$work/err")"

  # HOME is what a file of the image's own says, wherever a link leads (here to husk's command line, as it starts).
  echo 'user:x:1000:1000::/home/of user:/bin/sh' >"$image/etc/passwd"
  expect "HOME" "/home/of user" "$(run -u 1000:1000 "$image" sh -c 'echo "$HOME"')"
  ln -sf /proc/self/cmdline "$image/etc/passwd"
  expect "HOME with a link to a file of the kernel's" "/" \
    "$(run -e $'X=\nu:x:1000:1000::/of-the-kernel:\n' -u 1000:1000 "$image" sh -c 'echo "$HOME"')"
  rm "$image/etc/passwd"
  mkfifo "$image/etc/passwd"
  expect "HOME with passwd a FIFO" "/" "$(run -u 1000:1000 "$image" sh -c 'echo "$HOME"')"
  rm "$image/etc/passwd"
  cp "$root/etc/passwd" "$image/etc/passwd"

  # Process 1 is one of its own process group.
  run "$image" sh -c 'kill 0; sleep 1; echo alive'
  expect "kill 0" 143 $?
  expect "kill 0 with a handler" "caught after" "$(run "$image" sh -c 'trap "echo caught" TERM; kill 0; echo after' | xargs)"

  run "$image" '' 2>"$work/err"
  expect "an empty command" 127 $?
  expect "lines about it" 1 "$(wc -l <"$work/err")"

  # Streams that are closed.
  expect "without standard input" "0" "$(run "$image" sh -c 'wc -c' 0<&-)"
  run "$image" sh -c 'echo words; echo more >&2' >&- 2>&-
  expect "without standard output and error" 0 $?
  run "$image" sh -c 'cat; echo more >&2' 0<&- >&- 2>&-
  expect "without any stream" 0 $?
done

# Every subcommand, with every stream closed: no file of husk's may get the number of one.
export HUSK_CACHE_DIR=$work/cache
mkdir "$work/small-image"
cp /etc/hostname "$work/small-image/one"
"$husk" image import "$work/small-image" named 0<&- >&- 2>&- || fail "image import without streams"
[ ! -w /dev/kvm ] || expect "an image by its name, without standard input" 127 "$("$husk" run named cat 0<&- 2>/dev/null; echo $?)"
for command in "image ls" "image inspect named" "image prune" "doctor" "image rm named"; do
  # shellcheck disable=SC2086 # words
  "$husk" $command 0<&- >&- 2>&- || fail "$command without streams: $?"
done
"$husk" kernel "$work/kernel.elf" 0<&- >&- 2>&- || fail "kernel without streams"
expect "the kernel's file" "ELF" "$(head -c 4 "$work/kernel.elf" | tail -c 3)"
if [ -w /dev/kvm ]; then
  "$husk" run --stats "$work/stats" "$root" sh -c 'echo words; echo words >&2' 0<&- >&- 2>&-
  expect "the file of --stats" "{0" "$(head -c 1 "$work/stats")$(grep -c words "$work/stats")"
fi
# Doctor tries what it says that works: here for a user who may make no user namespace.
if unshare --user --map-root-user true 2>/dev/null; then
  unshare --user --map-root-user sh -c \
    'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all "$0" doctor' "$husk" >"$work/doctor"
  grep -q "^namespaces .*refused" "$work/doctor" || fail "doctor without namespaces says: $(grep ^namespaces "$work/doctor")"
fi
# A shell that ignores SIGCHLD, whose children leave no status, and a cache without the image.
if [ -w /dev/kvm ]; then
  expect "an image built with SIGCHLD ignored" 0 \
    "$( (trap '' CHLD; HUSK_CACHE_DIR=$work/cache2 "$husk" run "$root" true) >"$work/out" 2>&1; echo $?)"
fi

finish
