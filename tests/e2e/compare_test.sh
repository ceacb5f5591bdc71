#!/usr/bin/env bash
# End-to-end tests of `husk compare`: compare_test.sh HUSK. Needs root and busybox-static; 77: cannot be run here.
# No time is checked: only that every run that was asked for was made and recorded, and that nothing is left behind.
set -u
husk=$1
busybox=$(command -v busybox) || { echo "no busybox (apt package busybox-static)"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export HUSK_CACHE_DIR=$work/cache TMPDIR=$work
root=$work/root
mkdir -p "$root"/{bin,etc}
cp "$busybox" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"

failures=0
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }
expect() { [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"; }

# How many numbers the list KIND of runner NAME has: count NAME KIND
count() {
  awk -v name="\"name\": \"$1\"" -v kind="\"$2\": [" '
    index($0, name) { mine = 1 }
    mine && index($0, kind) { inside = 1; next }
    inside && /\]/ { exit }
    inside { numbers++ }
    END { print numbers + 0 }' "$work/result.json"
}

echo "== the embedded payload"
timeout 200 "$husk" compare --runs 4 --with process,namespace --json "$work/result.json" >"$work/table" 2>"$work/err"
expect "status" 0 $?
expect "standard error without a terminal" "" "$(cat "$work/err")"
for runner in process namespace; do
  expect "$runner start-up samples" 4 "$(count $runner start_ns)"
  expect "$runner first-instruction samples" 4 "$(count $runner first_instruction_ns)"
  expect "$runner idle samples" 4 "$(count $runner idle_pss_bytes)"
  grep -q "^$runner " "$work/table" || fail "no row for $runner"
done
expect "fork-exec start-up samples" 4 "$(count fork-exec start_ns)"
grep -q $'\033' "$work/table" && fail "colour without a terminal"
grep -q '"version": 1' "$work/result.json" || fail "no schema version"

echo "== a VM, where there is KVM"
if [ -w /dev/kvm ]; then
  timeout 200 "$husk" compare --runs 3 --with vm --json "$work/result.json" >"$work/table"
  expect "vm start-up samples" 3 "$(count vm start_ns)"
  expect "vm guest boot samples" 3 "$(count vm guest_boot_ns)"
  expect "vm idle samples" 3 "$(count vm idle_pss_bytes)"
  expect "kvm-floor start-up samples" 3 "$(count kvm-floor start_ns)"
fi

echo "== a command of the user's"
timeout 200 "$husk" compare --runs 2 --with process,namespace --json "$work/result.json" "$root" \
  /bin/sh -c 'echo x >/written' >"$work/table"
expect "status" 0 $?
expect "start-up samples" 2 "$(count process start_ns)"
[ -e "$root/written" ] && fail "the image was written to"
timeout 200 "$husk" compare --runs 2 --with namespace "$root" /bin/sh -c 'echo why >&2; exit 3' >"$work/table"
expect "status" 0 $?
grep -q '^namespace .*failed: .*exit status 3.*why' "$work/table" || fail "no row for a payload that fails"

echo "== runners that are not there"
timeout 200 env PATH=/nonexistent "$husk" compare --runs 1 --with bwrap >"$work/table"
expect "status" 0 $?
grep -q '^bwrap .*not installed (apt package bubblewrap)' "$work/table" || fail "no row for a missing bwrap"

echo "== bad input"
bad() {
  "$husk" compare "$@" >"$work/out" 2>"$work/err"
  expect "status of $*" 125 $?
  expect "lines about $*" 1 "$(wc -l <"$work/err")"
}
bad --with nosuch
bad --runs 0
bad --nosuch
bad "$root"
bad "$work/nothing" true
bad --runs 1 --with process --json "$work/no/such/directory/file"

echo "== nothing is left behind by Ctrl-C"
for delay in 0.2 1 2; do
  "$husk" compare --runs 1000 >"$work/table" &
  pid=$!
  sleep "$delay"
  kill -INT $pid
  wait $pid
  expect "status after $delay s" 130 $?
  expect "files after $delay s" "" "$(find "$work" -maxdepth 1 -name 'husk-compare-*')"
  pgrep -f "$work/cache/payload" >/dev/null && fail "processes are left: $(pgrep -af "$work/cache/payload")"
  command -v runc >/dev/null && expect "containers after $delay s" "" "$(runc list -q | grep husk-compare-$pid)"
done

[ "$failures" = 0 ] && echo "all passed"
exit $((failures != 0))
