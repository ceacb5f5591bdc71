# What only process 1 can see: the payload itself, not a child of a shell.
if [ -n "$ABI_PROGRAM" ]; then
  status=0
  husk_run "$R" sh -c 'cat >/tmp/program; chmod +x /tmp/program; exec /tmp/program clone_flags first' \
    <"${ABI_PROGRAM%dynamic}static" >"$WORK/out" 2>"$WORK/err" || status=$?
  expect "siblings and orphans of process 1" "0 sibling EINVAL
child: exited with 3
orphan ok: exited with 4" "$status $(cat "$WORK/out")"
fi
