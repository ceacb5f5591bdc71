# The options that people know from docker: the same in a VM and in namespaces.
cp -a "$R" "$WORK/root"
chmod 755 "$WORK" "$WORK/root"
I=$WORK/root
mkdir -p "$I/etc" "$I/covered"
chmod 750 "$I/covered"
ln -s /proc "$I/elsewhere"
ln -s nowhere/else "$I/etc/resolv.conf"
cat >"$I/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/sh
broken:x:abc:0::/:/bin/sh
web:x:33:30:web:/var/web:/bin/sh
user:x:1000:1000:user:/home:/bin/sh
END
cat >"$I/etc/group" <<'END'
root:x:0:
www:x:30:
audio:x:29:user,web
video:x:44:webmaster
staff:x:50:web
END
printf '# a comment\n\nA=file\nB= two "words" \n  C=c\nHUSK_E2E_CALLER\nHUSK_E2E_NOBODY\n' >"$WORK/env"

# refused PATTERN ARGUMENT...: one line, status 125.
refused() {
  pattern=$1
  shift
  in_guest "$@"
  expect "$*: status" 125 "$status"
  expect "$*: lines" 1 "$(printf '%s\n' "$err" | wc -l | tr -d ' ')"
  expect_match "$*: says" "*$pattern*" "$err"
  expect "$*: nothing on stdout" "" "$out"
}

isolations=namespace
[ ! -w /dev/kvm ] || isolations="vm $isolations"
# What namespaces do depends on no processor.
[ "${HWLAB:-}" != yes ] || isolations=vm
for isolation in $isolations; do
  OPTIONS="--isolation $isolation"

  # Who the payload is.
  who='grep -E "^(Uid|Gid|Groups):" /proc/self/status | tr -s "\t " " " | tr "\n" ";"; echo $HOME'
  in_guest -u web "$I" sh -c "$who"
  expect "$isolation: a name" "Uid: 33 33 33 33;Gid: 30 30 30 30;Groups: 29 30 50 ;/var/web" "$out"
  in_guest -u 1000 "$I" sh -c "$who"
  expect "$isolation: a number" "Uid: 1000 1000 1000 1000;Gid: 1000 1000 1000 1000;Groups: 29 1000 ;/home" "$out"
  in_guest -u web:audio "$I" sh -c "$who"
  expect "$isolation: a name and a group" "Uid: 33 33 33 33;Gid: 29 29 29 29;Groups: 29 ;/var/web" "$out"
  in_guest -u 4711:4712 "$I" sh -c "$who"
  expect "$isolation: numbers" "Uid: 4711 4711 4711 4711;Gid: 4712 4712 4712 4712;Groups: 4712 ;/" "$out"
  in_guest -u root -e HOME=/x "$I" sh -c "$who; grep -c '^CapEff:.0000000000000000' /proc/self/status"
  expect "$isolation: root by its name" "Uid: 0 0 0 0;Gid: 0 0 0 0;Groups: 0 ;/x
0" "$out"
  refused "'broken'*/etc/passwd" -u broken "$I" true
  refused "'nobodys'*/etc/passwd" -u nobodys "$I" true
  refused "'web:nobodys'*/etc/group" -u web:nobodys "$I" true

  # Command and environment.
  in_guest --entrypoint /bin/echo "$I" -n a "b c"
  expect "$isolation: an entry point" "a b c" "$out"
  in_guest --entrypoint= "$I" echo none
  expect "$isolation: no entry point" "none" "$out"
  refused "no command" --entrypoint= "$I"
  HUSK_E2E_CALLER=caller
  export HUSK_E2E_CALLER
  in_guest --env-file "$WORK/env" -e A=option "$I" sh -c 'echo "$A|$B|$C|$HUSK_E2E_CALLER|${HUSK_E2E_NOBODY-unset}"'
  expect "$isolation: a file of variables" 'option| two "words" |c|caller|unset' "$out"

  # Files.
  in_guest --hostname box.example.org --add-host db:10.0.0.1 --add-host 'six:[::1]' "$I" \
    sh -c 'hostname; cat /etc/hostname; tail -n 3 /etc/hosts; head -n 1 /etc/hosts; cat /etc/resolv.conf; stat -c "%F %a %u" /etc/hosts'
  expect "$isolation: hosts" "box.example.org
box.example.org
10.0.0.1	db
::1	six
127.0.0.1	box.example.org box
127.0.0.1	localhost
# husk: there is no network but the loopback
regular file 644 0" "$out"
  in_guest "$I" sh -c 'cat /etc/hosts; readlink /etc/resolv.conf'
  expect "$isolation: hosts, not asked for" "$(cat "$I/etc/hosts"; echo nowhere/else)" "$out"

  in_guest --read-only --tmpfs /covered --tmpfs /run/new/er:size=64k,mode=700,exec,nr_inodes=5 --tmpfs /covered/within:ro -w /made "$I" sh -c '
    pwd; touch /x 2>/dev/null || echo read-only; touch /etc/passwd 2>/dev/null || echo read-only
    echo x >/dev/shm/x && echo x >/dev/null && rm /dev/shm/x && echo devices
    stat -c "%a %u" /covered /covered/within /run/new/er /run/new
    touch /covered/x && touch /covered/within/x 2>/dev/null || echo read-only
    cp /bin/busybox /covered/busybox && /covered/busybox true 2>/dev/null || echo noexec
    head -c 100000 /dev/zero >/run/new/er/a 2>/dev/null; wc -c </run/new/er/a; rm /run/new/er/a
    for i in 1 2 3 4 5; do touch /run/new/er/$i; done 2>/dev/null; ls /run/new/er | wc -l
    df -k /run/new/er | tail -n 1 | tr -s " " | cut -d" " -f2
    grep -E " (/|/covered|/run/new/er) " /proc/mounts | cut -d" " -f2,3,4 | sed "s/,relatime.*//" | sort'
  expect "$isolation: file systems" "/made
read-only
read-only
devices
750 0
1777 0
700 0
755 0
read-only
noexec
65536
4
64
/ overlay ro,nodev
/covered tmpfs rw,nosuid,nodev,noexec
/run/new/er tmpfs rw,nosuid,nodev" "$(printf '%s\n' "$out" | sed 's|^/ overlay ro$|/ overlay ro,nodev|')"
  refused "/elsewhere" --tmpfs /elsewhere "$I" true
  refused "/etc/passwd" --tmpfs /etc/passwd "$I" true

  # Limits, and how it is told to end.
  in_guest --ulimit nofile=100:200 --ulimit core=0 --ulimit fsize=1024 "$I" \
    sh -c 'ulimit -n; ulimit -Hn; ulimit -c; head -c 5000 /dev/zero >/tmp/x; echo $?; wc -c </tmp/x'
  expect "$isolation: limits" "100
200
0
153
1024" "$out"
  signalled TERM --stop-signal USR1 "$I" sh -c 'trap "echo told; exit 7" USR1; trap "exit 8" TERM; echo ready; while :; do sleep 0.1; done'
  expect "$isolation: a signal to stop" "7 ready
told" "$status $out"
  signalled TERM --stop-signal SIGRTMIN+3 "$I" sh -c 'echo ready; while :; do sleep 0.1; done'
  expect "$isolation: a signal to stop that ends it" 165 "$status"

  # A name is one container's, for as long as it runs.
  "$HUSK" run --guest-ring "$RING" $OPTIONS --name "e2e.$$" "$I" sh -c 'echo ready; sleep 60' >"$WORK/named" 2>&1 &
  named=$!
  eventually 600 grep -q ready "$WORK/named" || expect "$isolation: a container with a name" ready "$(cat "$WORK/named")"
  refused "e2e.$$" --name "e2e.$$" "$I" true
  kill -KILL "$named"
  wait "$named" 2>/dev/null
  in_guest --name "e2e.$$" "$I" echo again
  expect "$isolation: the name is free again" again "$out"
done

# What no isolation is needed for.
OPTIONS=
for bad in "--user :" "--user 1:2:3" "--tmpfs run" "--tmpfs /proc/x" "--tmpfs /x:dev" "--tmpfs /x:size=lots" "--add-host db" \
  "--add-host db:1.2.3" "--ulimit files=1" "--ulimit nofile=2:1" "--stop-signal SIGNOTHING" "--name /" "--env-file $WORK/none"; do
  # shellcheck disable=SC2086 # words
  option=${bad%% *}
  [ "$option" != --user ] || option=-u
  refused "$option" $bad "$I" true
done
