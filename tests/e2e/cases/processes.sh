# What only process 1 can see: the payload itself, not a child of a shell.
if [ -n "$ABI_PROGRAM" ]; then
  status=0
  husk_run "$R" sh -c 'cat >/tmp/program; chmod +x /tmp/program; exec /tmp/program clone_flags first' \
    <"${ABI_PROGRAM%dynamic}static" >"$WORK/out" 2>"$WORK/err" || status=$?
  expect "siblings and orphans of process 1" "0 sibling EINVAL
child: exited with 3
orphan ok: exited with 4" "$status $(cat "$WORK/out")"
fi
if [ -n "$ABI_PROGRAM" ] && [ "$SLOW" = no ]; then
  cp -a "$R" "$WORK/crowds"
  "$here/../lib/add_program" "$WORK/crowds" "$ABI_PROGRAM" /abi/program
  in_guest "$WORK/crowds" /abi/program lock_crowds 150
  expect "a crowd that waits for record locks" "150 processes wait
then all locks are free: ok" "$out"
  # Each bind mount doubles what is mounted; Linux stops at fs.mount-max.
  in_guest -m 512M "$R" sh -c 'mount -t tmpfs none /tmp
    i=0; while mkdir /tmp/$i && mount --rbind /tmp /tmp/$i; do i=$((i + 1)); done; echo "doubled $i times"'
  expect "how many mounts there may be" "doubled 16 times" "$out"
fi
