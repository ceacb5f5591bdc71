# The ring that is asked for is the ring that is used; `auto` takes 0 unless KVM emulates it, by measurement.
husk_run --stats "$WORK/stats" "$R" true </dev/null
used=$(tr -d ' \n"' <"$WORK/stats" | sed -n 's/.*[{,]guest_ring:\([0-9]\).*/\1/p')
advised=$("$HUSK" doctor | sed -n 's/^guest ring *\([0-9]\).*/\1/p')
case $RING in
  auto) expect "auto" "$advised" "$used" ;;
  *) expect "--guest-ring $RING" "$RING" "$used" ;;
esac
# Where hardware virtualization is certain, so is the answer.
[ "${HWLAB:-}" != yes ] || expect "auto in the lab" 0 "$advised"
[ ! -d /sys/module/kvm_pvm ] || expect "auto on kvm_pvm" 3 "$advised"

# In ring 0 no jump of the payload's into the kernel gets anywhere, least of all to the entry of system calls, with flags and a
# return address of its own choice. (In ring 3 the payload could run its kernel's code: docs/life-of-a-system-call.md.)
if [ "$used" = 0 ] && [ -n "$ABI_PROGRAM" ]; then
  status=0
  husk_run "$R" sh -c 'cat >/tmp/program; chmod +x /tmp/program; exec /tmp/program wild_jumps kernel' \
    <"${ABI_PROGRAM%dynamic}static" >"$WORK/out" 2>"$WORK/err" || status=$?
  expect "jumps into the kernel" "0 done" "$status $(cat "$WORK/out")"
fi
