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
