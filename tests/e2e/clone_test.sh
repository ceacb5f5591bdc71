#!/usr/bin/env bash
# README's two commands and what they run, wherever a clone lies: below /tmp, in a path with spaces, owned by another
# user, on a tmpfs: clone_test.sh HUSK ROOT SOURCE. The clones have the scripts and a husk, and nothing is built: cmake
# and ctest are stand-ins that look at what they are told.
set -u
husk=$1
root=$2
source_directory=$3
. "$(dirname "$0")/checks.sh"
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }

work=$(mktemp -d "/tmp/husk clone.XXXXXX") || exit 1
trap 'umount "$work/ram" 2>/dev/null; rm -rf "$work"' EXIT
export HUSK_CACHE_DIR=$work/cache

# make_clone DIRECTORY OWNER
make_clone() {
  mkdir -p "$1/build/tests/e2e"
  cp -a "$source_directory/tests" "$source_directory/tools" "$1/"
  cp "$husk" "$1/build/husk"
  cp -a "$root" "$1/build/tests/e2e/busybox"
  chown -R "$2" "$1"
}

# Stand-ins. They must be told of directories that exist, in one word each.
mkdir "$work/bin"
cat >"$work/bin/cmake" <<'EOF'
#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    -S | -B | --build) [ -d "$2" ] || { echo "no directory: $2"; exit 1; } ;;
    -DHUSK_TEST_CACHE=*) printf '%s' "${1#*=}" >"$STAND_IN/cache" ;;
  esac
  shift
done
EOF
cat >"$work/bin/ctest" <<'EOF'
#!/bin/sh
[ "$1" = --test-dir ] && [ -x "$2/husk" ] || { echo "no build: $2"; exit 1; }
[ "$HUSK_CACHE_DIR" = "$(cat "$STAND_IN/cache")" ] || { echo "two caches"; exit 1; }
echo "$HUSK_CACHE_DIR"
"$2/husk" image ls
EOF
chmod 755 "$work/bin/cmake" "$work/bin/ctest"

check_clone() {
  local clone=$1 owner=$2 at=$3 out
  make_clone "$clone" "$owner"
  echo "== $at"
  echo seen >"$clone/build/seen"
  out=$("$clone/tests/lib/alone" sh -c 'cat "$1"; touch /tmp/left-by-alone; ls /tmp' alone "$clone/build/seen" | xargs)
  case $clone in
    /tmp/*) expect "$at: what alone leaves in /tmp" "seen $(basename "$work") left-by-alone" "$out" ;;
    *) expect "$at: what alone leaves in /tmp" "seen left-by-alone" "$out" ;;
  esac
  [ ! -e /tmp/left-by-alone ] || fail "$at: alone has no /tmp of its own"

  for case in status leaks; do
    out=$(RUNS=10 timeout 120 "$clone/tests/lib/alone" "$clone/tests/e2e/run" "$clone/build/husk" auto $case \
      "$clone/build/tests/e2e/busybox" 2>&1) || fail "$at: $case: $out"
  done

  # tools/test has a cache that husk accepts, in the clone unless that is somebody else's.
  out=$(PATH=$work/bin:$PATH STAND_IN=$work "$clone/tools/test" 2>&1) || fail "$at: tools/test: $out"
  if [ "$owner" = 0:0 ]; then
    expect "$at: the tests' cache" "$clone/build/test-cache" "$(head -1 <<<"${out#*build$'\n'}")"
  else
    expect "$at: the tests' cache" /var/cache/husk-tests "$(head -1 <<<"${out#*build$'\n'}")"
  fi

  # tools/quickstart writes the report to the working directory.
  printf '#!/bin/sh\nfor file; do :; done\necho report >"$file"\n' >"$clone/build/husk"
  (cd "$work" && rm -f husk-report.html && PATH=$work/bin:$PATH STAND_IN=$work "$clone/tools/quickstart" >"$work/out" 2>&1) ||
    fail "$at: tools/quickstart: $(cat "$work/out")"
  expect "$at: the report" report "$(cat "$work/husk-report.html")"
  rm -rf "$clone"
}

# A path that a source file gets as a macro has its quotes with it, or breaks at a space.
commands=$(dirname "$husk")/compile_commands.json
[ -e "$commands" ] || fail "no $commands"
expect "macros that are paths without quotes" "" "$(grep -oE -e '-DHUSK_[A-Z_]+=/[^ ]*' "$commands" | sort -u)"

check_clone "$work/a clone" 0:0 "below /tmp, with a space"
check_clone "$work/another's clone" 1000:1000 "below /tmp, of another user"
mkdir "$work/ram"
mount -t tmpfs -o mode=755 clone "$work/ram" && check_clone "$work/ram/clone" 0:0 "on a tmpfs"
finish
