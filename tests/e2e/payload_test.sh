#!/usr/bin/env bash
# The embedded payload of `husk compare` (tools/compare/payload) on Linux, in husk's namespaces, in the VM in both rings, and as
# a WASI module: payload_test.sh HUSK PAYLOAD [PAYLOAD.wasm]. No value is compared with another: only that each option does
# what it says, that every bench prints a positive number, or which call it lacks, and that nothing is left behind.
set -u
husk=$1
payload=$2
module=${3:-}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export HUSK_CACHE_DIR=$work/cache
root=$work/root
mkdir -p "$root"/{bin,dev,proc,sys,tmp}
cp "$payload" "$root/bin/payload"

failures=0
fail() { echo "FAILED: $where: $*"; failures=$((failures + 1)); }
expect() { [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"; }

# on ARGUMENT...: the payload at $where; leaves $status and the files out and err.
on() {
  case $where in
    host) set -- "$payload" "$@" ;;
    namespace) set -- "$husk" run --isolation namespace "$root" /bin/payload "$@" ;;
    ring*) set -- "$husk" run --isolation vm --guest-ring "${where#ring}" "$root" /bin/payload "$@" ;;
    wasi) set -- node --no-warnings "$(dirname "$module")/run_wasi.mjs" "$module" "$work/tmp" "$@" ;;
  esac
  timeout -k 2 60 "$@" >"$work/out" 2>"$work/err" </dev/null
  status=$?
}

# succeeds ARGUMENT...: silently
succeeds() {
  on "$@"
  expect "status of '$*'" 0 "$status"
  expect "standard error of '$*'" "" "$(cat "$work/err")"
}

# The units are the report's: a time, or a rate.
is_value() {
  case $1 in
    memory | file_write | file_read | *_stream) unit=bytes/s ;;
    *) unit=ns ;;
  esac
  grep -Eqx "$1 [0-9]+(\.[0-9]+)? $unit" "$work/out" && [ "$(wc -l <"$work/out")" = 1 ] &&
    awk '{ digits = $2; gsub(/[^0-9]/, "", digits); sub(/^0+/, "", digits); exit !($2 > 0 && length(digits) >= 4) }' "$work/out"
}

check() {
  where=$1
  echo "== $where"
  succeeds
  expect "output" "" "$(cat "$work/out")"
  succeeds --stamp
  expect "bytes of --stamp" 32 "$(wc -c <"$work/out")"
  od -An -v -t d8 -w32 "$work/out" | awk '{ exit !($1 >= 0 && $2 >= 0 && $2 < 1e9 && $4 < 1e9 && ($3 > $1 || ($3 == $1 && $4 >= $2))) }' ||
    fail "--stamp: $(od -An -v -t d8 "$work/out")"
  succeeds --idle
  expect "output of --idle" "." "$(cat "$work/out")"
  for option in "--touch 0" "--touch 1" "--touch 1000000" "--syscalls 0" "--syscalls 100" "--write 0" "--write 100000"; do
    succeeds $option
    expect "output of $option" "" "$(cat "$work/out")"
  done
  for option in "--nosuch" "--nosuch 1" "--touch" "--touch x" "--touch 1 2" "--stamp 1" "--bench" "--bench nosuch" \
    "--bench cpu --bench-ms 0" "--bench cpu --bench-ms" "--bench cpu --nosuch 5"; do
    on $option
    expect "status of '$option'" 2 "$status"
    expect "lines about '$option'" 1 "$(wc -l <"$work/err")"
  done
  succeeds --bench list
  names=$(cat "$work/out")
  expect "benches" 16 "$(wc -l <"$work/out")"
  for name in $names; do
    on --bench "$name" --bench-ms 5
    expect "standard error of $name" "" "$(cat "$work/err")"
    case $status in
      0) is_value "$name" || fail "value: $(cat "$work/out")" ;;
      3) grep -Eqx "$name unsupported [a-z_]+: [A-Z]+" "$work/out" || fail "reason: $(cat "$work/out")"
         case $where:$name in
           host:* | wasi:cpu | wasi:memory | wasi:syscall | wasi:file_* | wasi:clock | ring* | namespace:*) fail "$(cat "$work/out")" ;;
         esac ;;
      *) fail "status of $name: $status" ;;
    esac
  done
}

# What lies in /tmp and was not there before. ctest runs this with a /tmp of its own (tests/lib/alone).
left() { find /tmp -maxdepth 1 -name 'husk-compare.*' | sort; }
before=$(left)
check host
expect "a failure: more memory than addresses" 1 "$(where=host; on --touch 900000000000000; echo "$status")"
expect "lines about it" 1 "$(wc -l <"$work/err")"
if [ "$(id -u)" = 0 ]; then check namespace; fi
if [ -w /dev/kvm ]; then
  check ring3
  check ring0
fi
if [ -n "$module" ] && command -v node >/dev/null; then
  mkdir "$work/tmp"
  check wasi
  expect "files of wasi" "" "$(ls "$work/tmp")"
fi
where=/tmp
expect "files" "$before" "$(left)"
expect "files in the root" "" "$(ls "$root/tmp")"
expect "processes" "" "$(pgrep -f "$root/bin/payload|$payload --")"

[ "$failures" = 0 ] && echo "all passed"
exit $((failures != 0))
