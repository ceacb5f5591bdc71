# Dynamic programs from an unmodified Debian 12 root: bash, coreutils, perl, python3, threads. In the lab, whose kernel has
# no EROFS, what is expected is worked out beforehand or by the guest itself in another way.
LIMIT=250
same() { # WHAT COMMAND...: the guest prints what the namespaced run prints
  what=$1
  shift
  in_guest -m 256M "$D" "$@"
  if [ "${HWLAB:-}" = yes ]; then
    expect "$what: status" 0 "$status"
  else
    expect "$what" "$(timeout -k 2 60 "$HUSK" run --isolation namespace "$D" "$@" 2>/dev/null </dev/null)" "$out"
  fi
}
same "bash" bash -c 'for f in /etc/*; do echo $f; done | sort | wc -l'
expect_match "bash's count" "[1-9]*" "$out"
tree=/usr
[ "$SLOW" = no ] || [ "${HWLAB:-}" = yes ] || tree=/usr/share/base-files
# Sizes of directories, and blocks, are the file system's own affair: the namespaced run has another one below it.
same "ls -lR $tree" sh -c "ls -lR $tree | sed '/^total/d; s/  */ /g; s/^\(d.* root *root *\)[0-9]*/\1/' | md5sum"
expect_match "ls's sum" "????????????????????????????????  -" "$out"
# From one imported image, which the namespaced run mounts, the listings are equal to the last digit.
if [ "${HWLAB:-}" != yes ]; then
  imported=e2e-debian-$RING
  "$HUSK" image import "$D" "$imported" >"$WORK/out" 2>"$WORK/err" || expect "image import" 0 "$?"
  in_guest -m 256M "$imported" sh -c "ls -lR $tree | md5sum"
  expect "ls -lR $tree of an imported image" \
    "$(timeout -k 2 60 "$HUSK" run --isolation namespace "$imported" sh -c "ls -lR $tree | md5sum" </dev/null)" "$out"
  "$HUSK" image rm "$imported" >"$WORK/out" || expect "image rm" 0 "$?"
fi
in_guest -m 256M "$D" perl -e 'print 6*7'
expect "perl" 42 "$out"
in_guest -m 256M "$D" python3 -c 'import json,re; print(json.dumps({"a": re.findall("x","axx")}))'
expect "python3" '{"a": ["x", "x"]}' "$out"
same "Debian's own tools" sh -c 'dpkg -l | wc -l; id; cat /etc/debian_version'

# GNU grep drains what it need not read with splice(2); several tools open their input by name.
same "grep to /dev/null" sh -c 'seq 100000 | grep 99999 >/dev/null && echo found; seq 100000 | grep x >/dev/null || echo none'
same "input by name" bash -c 'echo hi | cat /dev/stdin; printf "b\na\n" | sort /dev/stdin; echo "echo run" | bash /dev/stdin
  echo "echo sourced" | . /dev/stdin; cat /dev/fd/3 3< <(echo three); diff <(echo a) <(echo a) && echo same'
expect "grep of standard input to /dev/null" 0 "$(seq 50000 | husk_run "$D" sh -c 'grep 4 >/dev/null'; echo $?)"

# Programs that change whom they act as: they keep or drop capabilities on the way, and write to the audit log if there is one.
in_guest -m 256M "$D" sh -c '
  su -s /bin/sh nobody -c "id -u"
  runuser -u nobody -- id -g
  useradd -m alice && id -u alice && userdel alice
  groupadd devs && getent group devs
  echo "id -gn" | newgrp users
  setpriv --reuid 1000 --regid 1000 --clear-groups --bounding-set -all grep CapBnd /proc/self/status
  setpriv --reuid 1000 --clear-groups --inh-caps +chown --ambient-caps +chown sh -c "touch /tmp/f; chown 5:5 /tmp/f; stat -c %u:%g /tmp/f"
  cp /usr/bin/id /tmp/id; chown nobody /tmp/id; chmod u+s /tmp/id
  setpriv --reuid 1000 --regid 1000 --clear-groups /tmp/id -u
  setpriv --reuid 1000 --regid 1000 --clear-groups --no-new-privs /tmp/id -u'
expect "users, groups, capabilities" "65534
65534
1000
devs:x:1000:
users
CapBnd:	0000000000000000
5:5
65534
1000" "$out"

# A program with mutexes and condition variables against Debian's own libc: put in through standard input, since the root
# stays unmodified.
status=0
husk_run -m 256M "$D" sh -c 'cat >/tmp/program; chmod +x /tmp/program; exec /tmp/program futex_mutex_cond' \
  <"$ABI_PROGRAM" >"$WORK/out" 2>"$WORK/err" || status=$?
expect_match "threads, mutexes, condition variables" "0 queue: 659700*barrier: 20 serial*" "$status $(cat "$WORK/out")"
