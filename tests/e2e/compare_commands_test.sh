#!/usr/bin/env bash
# End-to-end tests of `husk compare` with a command of the user's: compare_commands_test.sh HUSK. Needs root and
# busybox-static; 77: cannot be run here. No time is checked.
set -u
# This name has its turn where e2e.compare has none.
"$(dirname "$0")/../lib/turn" 4 compare_commands_test || exit 77
husk=$1
busybox=$(command -v busybox) || { echo "no busybox (apt package busybox-static)"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export HUSK_CACHE_DIR=$work/cache TMPDIR=$work
root=$work/root
mkdir -p "$root"/{bin,etc,dev,proc,sys,tmp,usr/bin}
cp "$busybox" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"

. "$(dirname "$0")/checks.sh"

count() { grep -c "^$1,$2," "$work/result.csv"; }
compare() {
  timeout 300 "$husk" compare --csv "$work/result.csv" --json "$work/result.json" "$@" >"$work/table" 2>"$work/err"
}
# json EXPRESSION: of the result, as `j`; of a runner, as `r["NAME"]`.
json() {
  python3 -c 'import json, sys
j = json.load(open(sys.argv[1])); r = {one["name"]: one for one in j["runners"]}
print(eval(sys.argv[2]))' "$work/result.json" "$1"
}

echo "== a command that succeeds only in a fresh root succeeds in every run, under every runner and in every form"
compare --runs 2 --measure start-up,memory,density --with process,namespace,vm,vm-jailed,bwrap,runc,podman,qemu "$root" /bin/sh -c 'mkdir /marker'
expect "status" 0 $?
for runner in process namespace vm vm-jailed bwrap runc podman qemu; do
  [ "$(json "r['$runner']['status']")" != "not available" ] || { echo "skipped: $runner is not there"; continue; }
  expect "what $runner's row says" "" "$(json "r['$runner']['note']")"
  expect "$runner runs" 2 "$(count $runner start_ns)"
  expect "$runner runs that made their root" 2 "$(count $runner start_with_root_ns)"
  [ $runner = qemu ] || expect "$runner runs from a directory" 2 "$(count $runner start_directory_ns)"
  expect "$runner cold runs" 2 "$(count $runner cold_start_ns)"
  expect "$runner runs whose peak was watched" 2 "$(count $runner peak_pss_bytes)"
  expect "$runner starts at a time" 2 "$(count $runner start_rate@2)"
done
[ -e "$root/marker" ] && fail "the image was written to"
expect "images left in the cache" "" "$(ls "$work/cache/images")"

echo "== who reads the file can repeat it"
expect "the command" "['/bin/sh', '-c', 'mkdir /marker']" "$(json "j['payload']['command']")"
expect "the options" "True" "$(json "'--measure' in j['options']['arguments'] and j['options']['runs'] == 2")"
expect "the image's files" "11" "$(json "j['image']['files']")"
grep -q "^command: husk compare .* '\?$root'\? /bin/sh -c 'mkdir /marker'$" "$work/table" ||
  grep -q "/bin/sh -c 'mkdir" "$work/table" || fail "no command line that a shell takes back"
expect "runc's configuration" "['/bin/sh', '-c', 'mkdir /marker']" \
  "$(json "r['runc']['configuration']['process']['args'] if r['runc']['configuration'] else ['/bin/sh', '-c', 'mkdir /marker']")"
first=$(json "j['image']['digest']")
cp -a "$root" "$work/copy"
compare --runs 1 --measure start-up --with process "$work/copy" /bin/sh -c :
expect "the digest of a copy" "$first" "$(json "j['image']['digest']")"
echo changed >"$work/copy/etc/file"
compare --runs 1 --measure start-up --with process "$work/copy" /bin/sh -c :
[ "$(json "j['image']['digest']")" != "$first" ] || fail "another image has the same digest"

echo "== a command that fails under every runner"
compare --runs 2 --measure start-up --with " process , namespace" "$root" /bin/sh -c 'echo first >&2; echo second >&2; exit 3'
expect "status" 1 $?
expect "lines on standard error" 1 "$(wc -l <"$work/err")"
grep -q '^process .*failed: a run ended with exit status 3: second' "$work/table" || fail "no exit status and last line"
grep -q 'cannot run' "$work/table" && fail "it did run"
grep -q '^  first$' "$work/table" || fail "not all of its standard error"
expect "its standard error in the file" "first second" "$(json "' '.join(r['process']['standard_error'].split())")"

echo "== what cannot be measured of a command is said before, and what was not looked at is not printed"
compare --runs 1 --measure speed --with process "$root" /bin/sh -c :
expect "status of speed with a command" 125 $?
# Before anything is looked at: importing an image takes seconds to minutes.
compare --measure speed --with process "$work/not-there" /bin/sh -c :
grep -q "cannot measure 'speed'" "$work/err" || fail "the image was looked at before what is to be measured: $(cat "$work/err")"
compare --runs 1 --measure isolation --with process "$root" /bin/sh -c :
grep -Eq -- '- of -|^process .* no ' "$work/table" && fail "facts that nobody looked at: $(grep ^process "$work/table")"
compare --runs 1 --measure start-up --with process "$root" /bin/sh -c :
grep -q '1 interleaved rounds' "$work/table" && fail "1 rounds"

echo "== a command that waits has all of the memory table"
for what in "--ready here" ""; do
  case $what in ?*) script='echo it is here; exec /bin/busybox sleep 1000' ;; *) script='read line; exit 0' ;; esac
  # shellcheck disable=SC2086
  compare --runs 2 --measure start-up,memory,isolation --with process,namespace,vm,bwrap,runc $what "$root" /bin/sh -c "$script"
  expect "status with '$what'" 0 $?
  for runner in process namespace vm bwrap runc; do
    [ "$(json "r['$runner']['status']")" != "not available" ] || continue
    for metric in idle_pss_bytes idle_private_bytes peak_pss_bytes; do
      expect "$runner $metric of '$script'" 2 "$(count $runner $metric)"
    done
    [ -z "$what" ] || expect "$runner runs up to the line" 2 "$(count $runner ready_ns)"
    expect "what $runner's row says of '$script'" "" "$(json "r['$runner']['note']")"
    expect "facts about $runner" True "$(json "'namespaces' in (r['$runner']['isolation_facts'] or {})")"
  done
done
# One that goes on after its line is stopped there: its memory is that of the line.
compare --runs 2 --measure memory --with process,vm,podman,containerd --ready line "$root" /bin/sh -c 'echo line; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'
expect "status of one that goes on" 0 $?
for runner in process vm podman containerd; do
  [ "$(json "r['$runner']['status']")" != "not available" ] || continue
  expect "samples of one that is stopped by $runner" 2 "$(count $runner idle_pss_bytes)"
done
compare --runs 2 --measure memory --with process "$root" /bin/sh -c :
grep -q 'does not wait' "$work/table" || fail "no reason for empty cells"

echo "== one limit of memory for all"
for limit in 24M 200M; do
  compare --runs 2 --measure start-up -m $limit --with process,namespace,vm,bwrap,runc "$root" \
    /bin/busybox awk 'BEGIN { text = sprintf("%30000000s", ""); exit length(text) != 30000000 }'
  for runner in process namespace vm bwrap runc; do
    [ "$(json "r['$runner']['status']")" != "not available" ] || continue
    case $limit in 24M) status=failed ;; *) status=measured ;; esac
    expect "$runner with $limit" "$status" "$(json "r['$runner']['status']")"
  done
  [ $limit != 24M ] || grep -q '^process .*exit status 137, killed as what needs more memory than -m' "$work/table" ||
    fail "no reason: $(grep '^process' "$work/table")"
  expect "the limit in the file" $((${limit%M} << 20)) "$(json "j['memory_limit_bytes']")"
  grep -q "^memory: .*(-m)" "$work/table" || fail "no limit in the table"
done

compare -m 256 --runs 1 --measure start-up --with process "$root" /bin/sh -c :
expect "status of a limit of 256 bytes" 125 $?

echo "== a named image"
cat >"$root/usr/bin/python3" <<'END'
#!/bin/sh
echo started
END
chmod +x "$root/usr/bin/python3"
"$husk" image import "$root" own || fail "import"
compare --runs 1 --measure workloads --workload python --with process,vm own
expect "status of a named image with Python" 0 $?
expect "Python of a named image" 1 "$(count process task_python_ns)"
rm "$root/usr/bin/python3"
"$husk" image import "$root" own || fail "import"
compare --runs 1 --measure workloads --workload python --with process own
expect "status of one without" 125 $?

echo "== starts against the number of files, and the first start on a host"
if [ -w /dev/kvm ]; then
  compare --runs 1 --measure image-size,start-up --with vm,namespace
  for files in 10 100 1000 10000; do
    for runner in vm namespace; do
      expect "$runner starts from a directory of $files files" 1 "$(count $runner image_directory_ns@$files)"
      expect "$runner starts from $files imported files" 1 "$(count $runner image_named_ns@$files)"
    done
  done
  expect "first starts of vm" 1 "$(count vm first_start_ns)"
  expect "first starts of namespace, which keeps nothing about the host" 0 "$(count namespace first_start_ns)"
else
  echo "skipped: no KVM"
fi

echo "== SIGKILL"
for_ever=$((2000000 + $$))
leftovers() {
  pgrep -af "$work/husk-compare-|sleep $for_ever"
  find "$work" -maxdepth 1 -name 'husk-compare-*'
  find "$work/cache/images" -name '*husk-compare*'
  find /sys/fs/cgroup -regextype posix-extended -regex ".*/husk-compare-([a-z]*-)?$1(-[^/]*)?" 2>/dev/null
}
nothing_left_by() { [ -z "$(leftovers "$1")" ]; }
for victim in first second; do
  for runner in process bwrap runc vm podman; do
    case $runner in
      vm) [ -w /dev/kvm ] || { echo "skipped: no KVM"; continue; } ;;
      process) ;;
      *) command -v $runner >/dev/null || { echo "skipped: $runner is not there"; continue; } ;;
    esac
    "$husk" compare --runs 100 --measure start-up -m 64M --timeout 100s --with "$runner" "$root" \
      /bin/busybox sleep $for_ever >"$work/table" 2>"$work/err" &
    pid=$!
    eventually pgrep -f "sleep $for_ever" >/dev/null
    case $victim in first) kill -KILL $pid ;; *) kill -KILL "$(pgrep -P $pid | head -n 1)" ;; esac
    wait $pid 2>/dev/null
    eventually nothing_left_by $pid
    expect "left by the $victim process with $runner" "" "$(leftovers $pid)"
  done
done
# Nobody is left who could tidy up: the next comparison does, once what ran has ended.
"$husk" compare --runs 100 --measure start-up -m 64M --with process "$root" /bin/busybox sleep 1.$for_ever >/dev/null 2>&1 &
pid=$!
eventually pgrep -f "sleep 1.$for_ever" >/dev/null
comparison=$(pgrep -P $pid | head -n 1)
kill -KILL $pid "$comparison" # at once: each would tidy up after the other
wait $pid 2>/dev/null
sleep 2
[ -n "$(leftovers $pid)" ] || fail "nothing was left that could be removed"
compare --runs 1 --measure start-up --with process
expect "left by both processes after the next comparison" "" "$(leftovers $pid)"

finish
