#!/usr/bin/env bash
# A payload that tries the known ways out of a container, in both isolations, as root and as another user, and what the
# host looks like afterwards: attacks_test.sh HUSK ATTACKS. Needs root and busybox-static. Exit status 77: cannot be run
# here (ctest counts it as skipped).
set -u
husk=$1 attacks=$2
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export HUSK_CACHE_DIR=$work/cache # images of directories that will be gone
root=$work/root host=$work/host
mkdir -p "$root/bin" "$root/etc" "$host"
cp "$attacks" "$root/bin/attacks"
echo "image" >"$root/etc/hosts"
chmod 755 "$work"
chmod 777 "$host" # so that nothing but isolation keeps the payload out, whoever its user is
secret=secret-$$-$RANDOM$RANDOM
echo "$secret" >"$host/secret"

. "$(dirname "$0")/checks.sh"

# What an attack would change. Everything is read again after the attacks.
host_state() {
  for file in core_pattern modprobe hostname ctrl-alt-del; do echo "$file: $(cat /proc/sys/kernel/$file 2>&1)"; done
  echo "panic_on_oom: $(cat /proc/sys/vm/panic_on_oom)"
  echo "modules: $(cut -d' ' -f1 /proc/modules 2>&1 | sort | xargs)"
  echo "mounts: $(wc -l </proc/self/mountinfo)"
  echo "binfmt_misc: $(ls /proc/sys/fs/binfmt_misc 2>/dev/null | sort | xargs)"
  echo "release agents: $(cat /sys/fs/cgroup/*/release_agent 2>/dev/null | xargs)"
  echo "husk: $(sha256sum <"$husk")"
  echo "attacks: $(sha256sum <"$attacks")"
  echo "image: $(cd "$root" && find . -type f -exec sha256sum {} + | sort | xargs; find "$root" | sort | xargs)"
  echo "secret: $(cat "$host/secret")"
  echo "files: $(find "$host" | sort | xargs)"
}

# What works in a VM works on the guest's own kernel, and changes nothing else: its payload is root of a machine.
allowed_in_vm=" mount remount umount-masks new-mount-calls capabilities set-user-id clocks kernel-log sysctls leave-seccomp "

# check WHAT ISOLATION: looks at $work/out and at the host.
check() {
  local tried
  tried=$(grep -cE '^[a-z0-9-]+ (refused|contained|DONE)' "$work/out")
  # The last line counts them: a payload that ends halfway has not tried the rest.
  grep -q "^$tried attacks tried" "$work/out" || fail "$1: not all attacks were tried: $(tail -3 "$work/out")"
  while read -r name kind detail; do
    [ "$kind" = DONE ] || continue
    [ "$2" = vm ] && [[ $allowed_in_vm == *" $name "* ]] && continue
    fail "$1: $name: $detail"
  done < <(tr -d '\r' <"$work/out")
  ! grep -q "$secret" "$work/out" || fail "$1: the secret is in the output"
  state=$(host_state)
  [ "$state" = "$state_before" ] || fail "$1 changed the host: $(diff <(echo "$state_before") <(echo "$state"))"
}

isolations=namespace
if [ -w /dev/kvm ]; then isolations="namespace vm"; else echo "SKIPPED: the same in a VM: no /dev/kvm"; fi

state_before=$(host_state)
sleep 300 &
other=$!
for isolation in $isolations; do
  for user in 0:0 1000:1000; do
    # $$ and husk's own number ($BASHPID of the subshell that becomes husk) are processes of the host.
    (HUSK_ATTACK_VARIABLE=variable-$secret exec timeout 120 "$husk" run --isolation "$isolation" -u "$user" "$root" \
      /bin/attacks "$host/secret" "$secret" "$host/marker" "variable-" $$ "$BASHPID" $((BASHPID + 1)) "$other" 1>"$work/raw" 2>&1 </dev/null)
    status=$?
    [ $status = 0 ] || fail "$isolation as $user: status $status"
    cp "$work/raw" "$work/out"
    check "$isolation as $user" "$isolation"
    echo "== $isolation as $user: $(grep -c ' refused' "$work/out") refused, $(grep -c ' contained' "$work/out") contained, $(grep -c ' DONE' "$work/out") done"
  done
done
kill -0 "$other" || fail "a process of the host was ended"
kill "$other"

# With the caller's terminal: what is typed into it would be read by the caller's shell.
if command -v script >/dev/null; then
  timeout 120 script -qec "$husk run -t --isolation namespace $root /bin/attacks $host/secret $secret $host/marker variable- $$" /dev/null \
    >"$work/raw" 2>&1 </dev/null
  sed 's/\^@//g' "$work/raw" >"$work/out" # script(1) types a NUL when its standard input ends, which is echoed
  tr -d '\r' <"$work/out" | grep -q '^terminal ' || fail "nothing was tried on the terminal"
  ! tr -d '\r' <"$work/out" | grep -q '^terminal contained' || fail "there was no terminal"
  check "namespace with a terminal" namespace
else
  echo "SKIPPED: the attacks on a terminal: no script(1)"
fi

finish
