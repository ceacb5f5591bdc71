# What only process 1 can see: the payload itself, not a child of a shell.
if [ -n "$ABI_PROGRAM" ]; then
  status=0
  husk_run "$R" sh -c 'cat >/tmp/program; chmod +x /tmp/program; exec /tmp/program clone_flags first' \
    <"${ABI_PROGRAM%dynamic}static" >"$WORK/out" 2>"$WORK/err" || status=$?
  expect "siblings and orphans of process 1" "0 sibling EINVAL
child: exited with 3
orphan ok: exited with 4" "$status $(cat "$WORK/out")"
  # No kill frees what is in a segment that nobody has attached, and the log says so.
  husk_run -m 64M "$R" sh -c 'cat >/tmp/program; chmod +x /tmp/program; exec /tmp/program sysv_shm_kept short' \
    <"${ABI_PROGRAM%dynamic}static" >"$WORK/out" 2>"$WORK/err" || status=$?
  expect "memory is short beside a System V segment" "0 who fills it: exited with 0
another one: killed by SIGKILL
kept: 1
removed: ok, 24576 KiB are in System V segment 0, which nobody has attached" \
    "$status $(cat "$WORK/out"), $(sed -n 's/.*out of memory: \([0-9]* KiB are in System V.*attached\).*/\1/p' "$WORK/err" | head -n 1)"
  # The differential test cannot set the machine's clock.
  husk_run "$R" sh -c 'cat >/tmp/program; chmod +x /tmp/program; exec /tmp/program wall_clock set' \
    <"${ABI_PROGRAM%dynamic}static" >"$WORK/out" 2>"$WORK/err" || status=$?
  expect "who waits for a point of the wall clock, which is set" "0 clock_nanosleep: ok, child: exited with 0
clock_nanosleep, TAI: ok, child: exited with 0
FUTEX_WAIT_BITSET: ETIMEDOUT, child: exited with 0
FUTEX_LOCK_PI: ETIMEDOUT, child: exited with 0
mq_timedreceive: ETIMEDOUT, child: exited with 0
it came, left 0
of a duration: 1
set back: 1
periodic: missed 4, left in bounds 1" "$status $(cat "$WORK/out")"
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
# A page table that is used again: a KVM that shadows page tables emulates every write to one, and zeroing it is 512.
# What one process costs is the difference; a KVM that does not shadow them counts none. Where it emulates the whole kernel,
# it counts all of the kernel's writes.
table_writes() {
  husk_run --stats "$WORK/stats" --kvm-stats "$R" sh -c "i=0; while [ \$i -lt $1 ]; do (:); i=\$((i+1)); done" </dev/null
  tr -d ' \n"' <"$WORK/stats" | sed -n 's/.*[{,]mmu_pte_write:\([0-9]*\).*/\1/p'
}
few='' many=''
[ "$RING $SLOW" = "0 yes" ] || { few=$(table_writes 20) many=$(table_writes 120); }
case "$few/$many" in
  /*|*/) echo "not looked at: how many writes to page tables this KVM emulates does not show" ;;
  *) expect "emulated writes to page tables by one process, at most 100" yes "$([ $(((many - few) / 100)) -le 100 ] && echo yes || echo "$few $many")" ;;
esac
