#!/usr/bin/env bash
# Memory and density of `husk compare`: compare_memory_test.sh HUSK DEBIAN_ROOT. Needs root; 77: cannot be run here.
# No time is checked: what is counted, that sharing shows, and that nothing is left behind.
set -u
husk=$1
debian=$2
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }

work=$(mktemp -d) || exit 1
# On a disk: of a tmpfs no copy of an image can be out of the page cache.
cache=$(mktemp -d -p "$(dirname "$debian")" compare-memory-XXXXXX) || exit 1
trap 'rm -rf "$work" "$cache"' EXIT
export HUSK_CACHE_DIR=$cache TMPDIR=$work

. "$(dirname "$0")/checks.sh"

# How many samples of METRIC runner NAME has: count NAME METRIC
count() {
  grep -c "^$1,$2," "$work/result.csv"
}

# A figure of the last comparison: median NAME METRIC
median() {
  python3 - "$work/result.json" "$1" "$2" <<'EOF'
import json, sys
runner = next(one for one in json.load(open(sys.argv[1]))["runners"] if one["name"] == sys.argv[2])
print(int(runner["summary"].get(sys.argv[3], {"median": -1})["median"]))
EOF
}

# What the comparison with pid $1 has left: processes, directories, control groups, images.
leftovers() {
  pgrep -af "$work/husk-compare-|$cache/payload"
  find "$work" -maxdepth 1 -name 'husk-compare-*'
  find "$cache" -name 'husk-compare-*' 2>/dev/null
  local own="husk-compare-(memory-)?$1(-[^/]*)?"
  find /sys/fs/cgroup -regextype posix-extended -regex ".*/$own" 2>/dev/null
  grep -El "/$own(/|$)" /proc/[0-9]*/cgroup 2>/dev/null
}

compare() {
  timeout 250 "$husk" compare --csv "$work/result.csv" --json "$work/result.json" "$@" >"$work/table" 2>"$work/err" &
  pid=$!
  wait $pid
  expect "status of $*" 0 $?
  expect "left by $*" "" "$(leftovers $pid)"
}

echo "== one more is a slope, rates are repeated, starts arrive at random and failures are counted"
compare --runs 3 --measure memory,density --density 8 --with process,runc
expect "ramps of eight instances" 3 "$(count process total_pss_bytes@8)"
expect "samples of two starts at a time" 3 "$(count process start_rate@2)"
grep -Eq '^process .* 8 x 3$' "$work/table" || fail "no slope of eight instances: $(grep '^process ' "$work/table")"
grep -Eq '^process .* [0-9]+ of [0-9]+ +[0-9]+$' "$work/table" || fail "no row of arrivals"
[ "$(count process arrival_ns)" -ge 3 ] || fail "no samples of arrivals"
grep -q MemAvail "$work/table" && fail "MemAvailable of eight instances"
has_group=yes
grep -Eq 'no memory control group|no control group|does not count' "$work/table" && has_group=
if [ -n "$has_group" ]; then
  expect "control group's totals" 3 "$(count process total_group_bytes@8)"
  expect "PSS and kernel memory" 3 "$(count process idle_total_bytes)"
  # Page tables and a kernel stack at the least.
  [ "$(median process idle_kernel_bytes)" -ge 16384 ] || fail "no kernel memory: $(median process idle_kernel_bytes)"
fi

echo "== detached: what stays when the client is gone"
# Which processes made up the samples of a member: processes NAME MEMBER
processes() {
  python3 - "$work/result.json" "$1" "$2" <<'EOF'
import json, sys
runner = next(one for one in json.load(open(sys.argv[1]))["runners"] if one["name"] == sys.argv[2])
print(" ".join(sorted({process["name"] for sample in runner[sys.argv[3]] for process in sample})))
EOF
}
if command -v runc >/dev/null; then
  expect "samples of runc, detached" 3 "$(count runc detached_idle_pss_bytes)"
  expect "processes of runc" "payload runc" "$(processes runc idle_processes)"
  expect "processes of runc, detached" payload "$(processes runc detached_processes)"
else
  echo "   runc: skipped, it is not there"
fi
if command -v podman >/dev/null && command -v conmon >/dev/null && command -v runc >/dev/null; then
  compare --runs 1 --measure memory --with podman
  expect "processes of podman, detached" "conmon payload" "$(processes podman detached_processes)"
else
  echo "   podman: skipped, it is not there"
fi

echo "== a payload with an image shares it, and shows what it takes when it does not"
with=namespace
[ -w /dev/kvm ] && with=namespace,vm
compare --runs 2 --measure density --workload python --density 4 --with $with "$debian"
for runner in ${with//,/ }; do
  expect "$runner: ramps of four Pythons" 2 "$(count $runner python_total_pss_bytes@4)"
  expect "$runner: ramps of four that share nothing" 2 "$(count $runner python_unshared_total_pss_bytes@4)"
  for figure in pss group; do
    [ $figure = group ] && [ -z "$has_group" ] && continue
    shared=$(median $runner python_additional_${figure}_bytes)
    alone=$(median $runner python_unshared_additional_${figure}_bytes)
    # The interpreter alone is larger than 2 MiB.
    [ $shared -gt 0 ] && [ $alone -ge $((shared + 2 * 1024 * 1024)) ] ||
      fail "$runner: one more takes $shared bytes of $figure with a shared image, $alone without"
  done
done
grep -q '^  image not shared ' "$work/table" || fail "no row of an image that is not shared"

echo "== nothing stays when it is killed, once the next comparison has been there"
"$husk" compare --runs 20 --measure density --density 32 --with namespace >/dev/null 2>&1 &
killed=$!
for _ in $(seq 100); do
  [ -n "$(find /sys/fs/cgroup -path '*husk-compare-memory-*' -name cgroup.procs 2>/dev/null)" ] && break
  sleep 0.1
done
comparison=$(pgrep -P $killed | head -1)
kill -KILL "${comparison:-$killed}"
wait $killed 2>/dev/null
compare --runs 1 --measure memory --with process
expect "control groups" "" "$(find /sys/fs/cgroup -type d -name 'husk-compare-memory-*' 2>/dev/null)"

finish
