#!/usr/bin/env bash
# End-to-end tests of `husk compare`: compare_test.sh HUSK. Needs root and busybox-static; 77: cannot be run here.
# No time is checked: only that every run that was asked for was made and recorded, and that nothing is left behind.
set -u
husk=$1
busybox=$(command -v busybox) || { echo "no busybox (apt package busybox-static)"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
"$(dirname "$0")/../lib/turn" 4 e2e.compare || exit 77

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export HUSK_CACHE_DIR=$work/cache TMPDIR=$work
root=$work/root
mkdir -p "$root"/{bin,etc,usr}
cp "$busybox" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"

. "$(dirname "$0")/checks.sh"

# The streams of most runs: a runtime that gives them to its container's user would give away the host's.
null_before=$(stat -c '%u:%g %a' /dev/null)

# How many samples of METRIC runner NAME has: count NAME METRIC
count() {
  grep -c "^$1,$2," "$work/result.csv"
}

# How long a payload sleeps that hangs: a number that no other test has on its command line.
for_ever=$((1000000 + $$))

# Starts a comparison in the background, with SIGINT as it is on a terminal; a shell would have it ignored.
start() { env --default-signal=INT "$husk" compare "$@" >"$work/table" & }

null_before=$(stat -c '%u:%g %a' /dev/null)
had_run_containerd=$(ls -d /run/containerd 2>/dev/null)

# What comparison PID has left: its processes and its payloads', its scratch files, control groups and containers.
leftovers() {
  pgrep -af "$work/(cache/payload|husk-compare-)|sleep $for_ever"
  find "$work" -maxdepth 1 -name 'husk-compare-*'
  # Nobody else's, whose number may begin or end with this one.
  local own="husk-compare-(memory-)?$1(-[^/]*)?"
  find /sys/fs/cgroup -regextype posix-extended -regex ".*/$own" 2>/dev/null
  grep -El "/$own(/|$)" /proc/[0-9]*/cgroup 2>/dev/null
  command -v runc >/dev/null && runc list -q | grep -Ex "$own"
  find /sys/fs/cgroup -mindepth 1 -maxdepth 2 \( -name payload -o -name supervisor \) # systemd-nspawn's
  command -v docker >/dev/null && timeout 10 docker ps --all --quiet --filter "label=husk-compare=$1" 2>/dev/null
  # gVisor makes its standard streams those of its sandbox's user.
  [ "$(stat -c '%u:%g %a' /dev/null)" = "$null_before" ] || stat /dev/null
  [ -n "$had_run_containerd" ] || ls -d /run/containerd 2>/dev/null
  ls /dev/shm # this test's own, see tests/lib/alone
}

echo "== the embedded payload"
timeout 200 "$husk" compare --runs 4 --measure start-up,memory,workloads --workload write --with process,namespace \
  --json "$work/result.json" --csv "$work/result.csv" --html "$work/page.html" >"$work/table" 2>"$work/err"
expect "status" 0 $?
expect "standard error without a terminal" "" "$(cat "$work/err")"
for runner in process namespace; do
  expect "$runner start-up samples" 4 "$(count $runner start_ns)"
  expect "$runner first-instruction samples" 4 "$(count $runner first_instruction_ns)"
  expect "$runner idle samples" 4 "$(count $runner idle_pss_bytes)"
  expect "$runner samples of a workload" 4 "$(count $runner task_write_ns)"
  grep -q "^$runner " "$work/table" || fail "no row for $runner"
done
expect "fork-exec start-up samples" 4 "$(count fork-exec start_ns)"
grep -q $'\033' "$work/table" && fail "colour without a terminal"
grep -q '"version": 2' "$work/result.json" || fail "no schema version"
python3 - "$work/result.json" <<'EOF' || fail "no order of the runs, no slices, or nothing about the machine"
import json, sys
document = json.load(open(sys.argv[1]))
times = next(r for r in document["runners"] if r["name"] == "namespace")["samples"]["start_ns"]["at_s"]
host = document["host"]
sys.exit(not (times == sorted(times) and times[0] > 0 and document["slices"]["start_ns"] == [0, 1, 2, 3]
              and all(host[name] for name in ("governor", "ksm", "smt", "transparent_hugepages", "microcode", "hypervisor", "cgroups"))
              and any(name.startswith("mitigation_") for name in host) and host["cache_file_system"] != "unknown"))
EOF
grep -q '^KVM: ' "$work/table" || fail "nothing about the KVM back end"

echo "== each member of the file is described"
"${0%/*}/../lib/check_compare_json" "$work/result.json" || fail "docs/compare-json.md does not describe all"

echo "== report shows the same table, and refuses what is no comparison"
"$husk" report "$work/result.json" >"$work/again" || fail "report"
cmp "$work/table" "$work/again" || fail "report shows another table"
"$husk" report "$work/result.json" "$work/result.json" --html "$work/both.html" >"$work/both" || fail "report of two"
grep -q 'B/A' "$work/both" || fail "no side-by-side table"
"$husk" report "$work/table" >"$work/out" 2>"$work/err"
expect "status of a report of no comparison" 125 $?
expect "lines about it" 1 "$(wc -l <"$work/err")"

echo "== a VM, where there is KVM"
if [ -w /dev/kvm ]; then
  timeout 200 "$husk" compare --runs 3 --measure start-up,memory,speed --with vm --csv "$work/result.csv" \
    --json "$work/result.json" >"$work/table"
  expect "vm start-up samples" 3 "$(count vm start_ns)"
  expect "vm guest kernel samples" 3 "$(count vm phase_kernel_ns)"
  expect "vm idle samples" 3 "$(count vm idle_pss_bytes)"
  expect "vm system call samples" 3 "$(count vm syscall_ns)"
  expect "kvm-floor start-up samples" 3 "$(count kvm-floor start_ns)"
  expect "kvm-floor-irqfd start-up samples" 3 "$(count kvm-floor-irqfd start_ns)"
  # Which kind of VM is the cheapest here was tried, and is said.
  grep -Eq '^limit:   kvm-floor is `(none|split|full)`, the quickest of ' "$work/table" || fail "no variant of the floor"
  python3 - "$work/result.json" <<'EOF' || fail "no samples of the floor's variants, or none that was taken"
import json, sys
floor = next(r for r in json.load(open(sys.argv[1]))["runners"] if r["name"] == "kvm-floor")
choice = floor["choice"]
tried = {name: len(series["value"]) for name, series in choice["tried_ns"].items()}
sys.exit(not (choice["name"] in tried and min(tried.values()) >= 15 and len(tried) + len(choice["failed"]) == 3
              and floor["command"][-1] == choice["name"]))
EOF
  grep -q '"kvm_stats"' "$work/result.json" || fail "no exits by reason"
  grep -q "^KVM: .*guest kernel in CPL [03]\." "$work/table" || fail "no privilege mode"
  grep -q 'not supported yet' "$work/table" || grep -q "^vm,tcp_ns," "$work/result.csv" || fail "neither figure nor reason for TCP"
else
  skip "a VM" "no access to /dev/kvm"
fi

echo "== QEMU boots the same kernel and image"
if [ -w /dev/kvm ] && command -v qemu-system-x86_64 >/dev/null; then
  timeout 200 "$husk" compare --runs 2 --measure start-up,memory --with qemu --csv "$work/result.csv" >"$work/table"
  expect "qemu start-up samples" 2 "$(count qemu start_ns)"
  expect "qemu idle samples" 2 "$(count qemu idle_pss_bytes)"
  # An image larger than the RAM that the payload gets; and a QEMU that cannot start is no payload that succeeds.
  head -c 70000000 /dev/urandom >"$root/large"
  timeout 200 "$husk" compare --runs 1 --measure start-up --with qemu --csv "$work/result.csv" "$root" /bin/sh -c : >"$work/table"
  rm "$root/large"
  expect "qemu samples with a large image" 1 "$(count qemu start_ns)"
  mkdir "$work/broken"
  printf '#!/bin/sh\n[ "$1" = --version ] || exit 1\n' >"$work/broken/qemu-system-x86_64"
  chmod +x "$work/broken/qemu-system-x86_64"
  PATH=$work/broken:$PATH timeout 200 "$husk" compare --runs 1 --measure start-up --with qemu >"$work/table"
  grep -q '^qemu .*failed: .*exit status 125' "$work/table" || fail "no row for a QEMU that fails"
else
  skip "QEMU" "no /dev/kvm, or no qemu-system-x86_64"
fi

echo "== podman: its monitor is part of its memory, and nothing of it stays"
if command -v podman >/dev/null && command -v conmon >/dev/null && command -v runc >/dev/null; then
  start --runs 2 --measure start-up,memory --with podman --csv "$work/result.csv" --json "$work/result.json"
  pid=$!
  wait $pid
  expect "left by podman" "" "$(leftovers $pid)"
  expect "podman start-up samples" 2 "$(count podman start_ns)"
  expect "podman idle samples" 2 "$(count podman idle_pss_bytes)"
  grep -q '"name": "conmon"' "$work/result.json" || fail "conmon is not among podman's processes"
else
  skip "podman" "no podman, conmon or runc"
fi

echo "== the runners that start something of their own leave nothing of it"
for runner in nspawn containerd docker gvisor; do
  start --runs 2 --measure start-up,memory --with $runner --csv "$work/result.csv" --json "$work/result.json"
  pid=$!
  wait $pid
  expect "left by $runner" "" "$(leftovers $pid)"
  if grep -Eq "^$runner  *(not installed|no daemon answers)" "$work/table"; then
    echo "skipped: $(grep "^$runner " "$work/table" | head -n 1)"
    continue
  fi
  expect "$runner start-up samples" 2 "$(count $runner start_ns)"
  expect "$runner idle samples" 2 "$(count $runner idle_pss_bytes)"
done
echo "== gVisor's KVM platform says within its own limit whether it works"
if command -v runsc >/dev/null && [ -w /dev/kvm ]; then
  start --runs 1 --measure start-up --with gvisor-kvm --csv "$work/result.csv"
  pid=$!
  wait $pid
  expect "left by gvisor-kvm" "" "$(leftovers $pid)"
  [ "$(count gvisor-kvm start_ns)" = 1 ] || grep -q '^gvisor-kvm .*\(had not ended after 5 s\|exit status\)' "$work/table" ||
    fail "neither a figure nor a reason for gvisor-kvm: $(grep '^gvisor-kvm' "$work/table")"
fi

echo "== a Linux in a VM: with KVM, or a row that says why not and one of the software processor"
if command -v qemu-system-x86_64 >/dev/null && [ -n "$(ls /boot/vmlinuz-*-cloud-amd64 2>/dev/null)" ]; then
  timeout 200 "$husk" compare --runs 1 --timeout 60s --measure memory --with linux-vm,linux-vm-tcg --csv "$work/result.csv" \
    --json "$work/result.json" >"$work/table"
  linux=linux-vm
  if grep -Eq '^linux-vm +no ' "$work/table"; then linux=linux-vm-tcg; fi
  # The payload writes, waits for the end of its input, and its status comes back.
  expect "$linux idle samples" 1 "$(count $linux idle_pss_bytes)"
  [ $linux = linux-vm ] || grep -q '"guest_cpl0_instructions"' "$work/result.json" || fail "no instructions of the kernel's"
fi

echo "== wasm: wasmtime is taken where it is, and told where /tmp is"
if command -v node >/dev/null && [ -e "$(dirname "$husk")/payload.wasm" ]; then
  # A stand-in, since Debian has none: it accepts exactly what wasmtime documents, and lets node do the work.
  mkdir "$work/tools"
  cat >"$work/tools/wasmtime" <<EOF
#!/bin/sh
[ "\$1" != --version ] || { echo "wasmtime \$(cat "$work/wasmtime-version")"; exit; }
[ "\$1" = run ] || exit 64
case \$2 in --dir=*::/tmp) directory=\${2#--dir=} directory=\${directory%::/tmp} ;; *) exit 65 ;; esac
module=\$3
shift 3
exec node --no-warnings "$(dirname "$husk")/run_wasi.mjs" "\$module" "\$directory" "\$@"
EOF
  chmod +x "$work/tools/wasmtime"
  for version in "22.0.0 (abc 2026-01-01)" 13.0.1; do
    echo "$version" >"$work/wasmtime-version"
    PATH=$work/tools:$PATH timeout 200 "$husk" compare --runs 2 --measure start-up,workloads --workload write --with wasm \
      --csv "$work/result.csv" --json "$work/result.json" >"$work/table"
    expect "wasm start-up samples" 2 "$(count wasm start_ns)"
    expect "wasm first-output samples" 2 "$(count wasm first_output_ns)"
    # The real one's clock begins at 0, so what its payload says of itself is not looked at.
    case $version in 22*) moments=0 ;; *) moments=2 ;; esac
    expect "wasm first-instruction samples" $moments "$(count wasm first_instruction_ns)"
    expect "wasm samples of a file written to its /tmp" 2 "$(count wasm task_write_ns)"
    case $version in 22*) engine=wasmtime ;; *) engine=node ;; esac
    grep -q "\"version\": \"$engine" "$work/result.json" || fail "with wasmtime $version: $(grep '"version"' "$work/result.json")"
  done
else
  skip "wasm" "no node, or no payload.wasm"
fi

echo "== isolation"
# What Python makes of an expression about the result; `facts`, `notes` and `status` are dictionaries by runner.
fact() {
  python3 -c "import json, sys
runners = json.load(open('$work/result.json'))['runners']
facts = {r['name']: r['isolation_facts'] or {} for r in runners}
notes = {r['name']: r['notes'] for r in runners}
status = {r['name']: r['status'] for r in runners}
print($1)"
}
if command -v strace >/dev/null && command -v python3 >/dev/null; then
  chmod 711 "$work" # hardened forms run as somebody else
  timeout 200 "$husk" compare --runs 2 --measure start-up,isolation --with process,namespace,vm \
    --csv "$work/result.csv" --json "$work/result.json" >"$work/table"
  expect "cold starts" 2 "$(count process cold_start_ns)"
  # The seccomp filter of husk's own runner, as the kernel gives it back; a plain process has none.
  grep -q '^process  *\([0-9]*\) of \1 ' "$work/table" || fail "not every call is in reach of a plain process"
  grep -q '^namespace .* filter ' "$work/table" || fail "no filter in namespaces"
  grep -q '"mount"' "$work/result.json" || fail "no names of system calls"
  expect "the payload is what is looked at" True "$(fact "facts['namespace']['executables'][0].endswith('/bin/payload')")"
  grep -q '^Interfaces between payload and host' "$work/table" || fail "no interfaces"
  # Function tracing or the reason why not, never nothing.
  expect "kernel functions or a reason" True "$(fact "'kernel_functions' in facts['process'] or 'kernel_functions' in notes['process']")"
  if [ -w /dev/kvm ]; then
    expect "the VMM is what is looked at" "['$(realpath "$husk")']" "$(fact "facts['vm']['executables']")"
    expect "its devices" True "$(fact "'virtio-rng' in facts['vm']['interfaces']")"
  fi
  timeout 200 "$husk" compare --runs 1 --measure start-up,isolation \
    --with process,bwrap,bwrap-hardened,runc-hardened,podman-rootless,qemu-hardened \
    --csv "$work/result.csv" --json "$work/result.json" >"$work/table"
  for runner in bwrap-hardened runc-hardened podman-rootless qemu-hardened; do
    if [ "$(fact "status['$runner']")" = "not available" ]; then
      skip "$runner" "$(grep "^$runner " "$work/table" | head -n 1)"
      continue
    fi
    expect "$runner start-up samples" 1 "$(count $runner start_ns)"
    expect "$runner and nothing else" 0 "$(grep "^$runner," "$work/result.csv" | grep -vc ',start_ns,')"
    expect "$runner: its user is not root" True "$(fact "facts['$runner'].get('user', '0') != '0'")"
    expect "$runner: fewer system calls" True \
      "$(fact "facts['$runner']['syscalls_reachable'] < facts['process']['syscalls_reachable'] - 30")"
    case $runner in
      qemu-*) expect "$runner: capabilities" "[]" "$(fact "facts['$runner']['capabilities']")" ;;
      *) expect "$runner: its user namespace" child "$(fact "facts['$runner']['user_namespace']")" ;;
    esac
  done
  ! fact "'capabilities' in facts['bwrap']" | grep -q True || grep -Eq '^bwrap .* [0-9]+ inside( |$)' "$work/table" ||
    fail "bwrap's capabilities are not marked"

  # A command of the user's: looked at while it runs, or said to have been too quick.
  timeout 200 "$husk" compare --runs 1 --measure isolation --with process,namespace,vm --json "$work/result.json" \
    "$root" /bin/busybox sleep 1 >"$work/table"
  for runner in process namespace; do
    expect "$runner: what a command is" True "$(fact "facts['$runner']['executables'][0].endswith('/bin/busybox')")"
  done
  [ ! -w /dev/kvm ] || expect "no_new_privs of a command's VMM" True "$(fact "facts['vm']['no_new_privileges']")"
  timeout 200 "$husk" compare --runs 1 --measure isolation --with process "$root" /nothing >"$work/table"
  grep -Eq -- '- of -| no +-' "$work/table" && fail "figures of what was not looked at"
else
  skip "isolation and cold starts" "no strace or python3"
fi

echo "== density"
timeout 200 "$husk" compare --runs 1 --measure density --with process --csv "$work/result.csv" >"$work/table"
expect "samples of eight instances" 1 "$(count process total_pss_bytes@8)"
expect "samples of two starts at a time" 1 "$(count process start_rate@2)"

echo "== a budget ends it"
timeout 100 "$husk" compare --budget 2s --measure start-up --with process --csv "$work/result.csv" >"$work/table"
expect "status" 0 $?
[ "$(count process start_ns)" -ge 10 ] || fail "fewer rounds than the least"

echo "== workloads of an image: what it has is run, what it lacks is said, and what they print is looked at"
apps=$work/apps
mkdir -p "$apps"/{bin,tmp,usr/bin}
cp "$busybox" "$apps/bin/busybox"
for name in sh true; do ln -s busybox "$apps/bin/$name"; done
ln -s ../../bin/busybox "$apps/usr/bin/find"
timeout 200 "$husk" compare --runs 2 --measure workloads --workload shell,find,git --with process,namespace --csv "$work/result.csv" \
  "$apps" >"$work/table"
expect "status" 0 $?
expect "samples of the shell's loop" 2 "$(count namespace task_shell_ns)"
one_line() { tr -s '\n ' ' ' <"$work/table"; } # notes are wrapped
one_line | grep -q "has no /usr/bin/git (git" || fail "nothing about the git that is missing"
expect "samples of a find that finds too little" 0 "$(count namespace task_find_ns)"
one_line | grep -q "the payload printed '[0-9]* ', expected was" || fail "nothing about the wrong output"

echo "== a command of the user's"
timeout 200 "$husk" compare --runs 2 --with process,namespace --csv "$work/result.csv" "$root" \
  /bin/sh -c 'echo x >/written' >"$work/table"
expect "status" 0 $?
expect "start-up samples" 2 "$(count process start_ns)"
[ -e "$root/written" ] && fail "the image was written to"
timeout 200 "$husk" compare --runs 2 --with namespace "$root" /bin/sh -c 'echo why >&2; exit 3' >"$work/table" 2>"$work/err"
expect "status" 1 $?
grep -q '^namespace .*failed: .*exit status 3.*why' "$work/table" || fail "no row for a payload that fails"
timeout 200 "$husk" compare --runs 2 --timeout 1s --with namespace "$root" /bin/sh -c 'while :; do :; done' >"$work/table" 2>"$work/err"
expect "status with a payload that hangs" 1 $?
grep -q '^namespace .*failed: .*had not ended after 1 s' "$work/table" || fail "no row for a payload that hangs"

echo "== runners that are not there"
timeout 200 env PATH=/nonexistent "$husk" compare --runs 1 --measure start-up --with bwrap >"$work/table" 2>"$work/err"
expect "status" 1 $?
grep -q '^bwrap .*not installed (apt package bubblewrap)' "$work/table" || fail "no row for a missing bwrap"

echo "== bad input"
bad() {
  "$husk" compare "$@" >"$work/out" 2>"$work/err"
  expect "status of $*" 125 $?
  expect "lines about $*" 1 "$(wc -l <"$work/err")"
}
bad --with nosuch
bad --runs 0
bad --budget never
bad --workload nosuch
bad --payload nosuch
bad --payload debian "$root"
bad --workload python
bad --measure nosuch
bad --baseline nosuch
bad --nosuch
bad "$root"
bad "$root" --runs 1 true
bad "$work/nothing" true
bad --runs 1 --measure start-up --with process --json "$work/no/such/directory/file"

echo "== a runner that hangs is a row, and leaves nothing behind"
for runner in process namespace vm bwrap runc nspawn containerd podman gvisor qemu; do
  start --runs 1 --timeout 1s --measure start-up --with "$runner" "$root" /bin/sh -c 'while :; do :; done' "sleep $for_ever"
  pid=$!
  wait $pid
  expect "status with $runner that hangs" 1 $?
  grep -Eq "^$runner .*(failed: .*had not ended after 1 s|not installed|no access)" "$work/table" ||
    fail "no row for $runner that hangs: $(grep "^$runner " "$work/table")"
  expect "left by $runner that hung" "" "$(leftovers $pid)"
done

echo "== nothing is left behind by an impatient Ctrl-C"
start --runs 1000 --measure start-up --with runc,podman
pid=$!
until compgen -G "$work/husk-compare-$pid-*" >/dev/null || ! kill -0 $pid; do sleep 0.1; done
sleep 1
kill -INT $pid
sleep 0.3
kill -INT $pid 2>/dev/null
wait $pid
expect "status after two" 130 $?
grep -q '^machine: ' "$work/table" || fail "no table after two"
expect "left after two" "" "$(leftovers $pid)"

echo "== nothing is left behind by Ctrl-C"
for delay in 0.2 1 2 4; do
  start --runs 1000
  pid=$!
  sleep "$delay"
  kill -INT $pid
  wait $pid
  expect "status after $delay s" 130 $?
  expect "left after $delay s" "" "$(leftovers $pid)"
done

expect "owner and mode of /dev/null" "$null_before" "$(stat -c '%u:%g %a' /dev/null)"
finish
