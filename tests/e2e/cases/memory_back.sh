# Memory that the payload has freed goes back to the host within two seconds, a process's and a tmpfs's, and can be used again.
pss() { sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$husk/smaps_rollup" 2>/dev/null; }
says() { grep -q "$1" "$WORK/out"; }
below() { [ "$(pss)" -lt "$1" ]; }

# The payload goes on at each line of its input.
mkfifo "$WORK/in"
"$HUSK" run --guest-ring "$RING" --stats "$WORK/stats" "$R" sh -c '
  head -c 1048576 /bin/busybox >/tmp/a
  grow() { cat /tmp/a /tmp/a /tmp/a /tmp/a /tmp/a /tmp/a /tmp/a /tmp/a /tmp/a /tmp/a /tmp/a /tmp/a >/tmp/file; }
  cat /tmp/a | dd of=/dev/null bs=64k 2>/dev/null
  echo ready; read line
  grow; dd if=/dev/zero of=/dev/null bs=12M count=1 2>/dev/null; echo grown; read line
  rm /tmp/file; echo freed; read line
  grow; md5sum </tmp/file
' <"$WORK/in" >"$WORK/out" 2>"$WORK/err" &
husk=$!
exec 3>"$WORK/in"
eventually 300 says ready || :
before=$(pss)
if [ -z "$before" ]; then
  kill -KILL $husk
  skip "the memory of husk's processes cannot be seen (/proc/PID/smaps_rollup)"
fi
echo >&3
eventually 600 says grown || :
peak=$(pss)
echo >&3
eventually 300 says freed || :
eventually 20 below $((before + 3072)) ||
  expect "KiB of the VM, 2 s after 12 MiB in a file were freed" "less than $((before + 3072))" "$(pss), at most $peak"
[ "$peak" -gt $((before + 12000)) ] || expect "KiB of the VM with the file" "more than $((before + 12000))" "$peak"
echo >&3
exec 3>&-
status=0
wait $husk || status=$?
expect "its status" 0 "$status"
head -c 1048576 "$R/bin/busybox" >"$WORK/a"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do cat "$WORK/a"; done >"$WORK/file"
expect "what is in memory that is used again" "$(md5sum <"$WORK/file")" "$(tail -n 1 "$WORK/out")"
given=$(sed -n 's/.*"guest_frames_given_back": \([0-9]*\).*/\1/p' "$WORK/stats")
[ "${given:-0}" -gt 3000 ] || expect "page frames that were given back" "more than 3000" "${given:-none}"
