# Memory that the payload has freed goes back to the host within two seconds, a process's and a tmpfs's, and can be used again.
pss() { sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$husk/smaps_rollup" 2>/dev/null; }
says() { grep -q "$1" "$WORK/out"; }
below() { [ "$(pss)" -lt "$1" ]; }

# The payload goes on at each line of its input.
mkfifo "$WORK/in"
# shellcheck disable=SC2086 # options are words
"$HUSK" run --guest-ring "$RING" --stats "$WORK/stats" -m 256M "$R" sh -c '
  grow() {
    head -c 1048576 /bin/busybox >/tmp/a
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do cat /tmp/a; done >/tmp/file
    dd if=/dev/zero of=/dev/null bs=30M count=1 2>/dev/null
  }
  echo ready; read line
  grow; echo grown; read line
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
eventually 20 below $((before + 4096)) ||
  expect "KiB of the VM, 2 s after 30 MiB in a file were freed" "less than $((before + 4096))" "$(pss), at most $peak"
[ "$peak" -gt $((before + 30000)) ] || expect "KiB of the VM with the file" "more than $((before + 30000))" "$peak"
echo >&3
exec 3>&-
status=0
wait $husk || status=$?
expect "its status" 0 "$status"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do head -c 1048576 "$R/bin/busybox"; done >"$WORK/file"
expect "what is in memory that is used again" "$(md5sum <"$WORK/file")" "$(tail -n 1 "$WORK/out")"
given=$(sed -n 's/.*"guest_frames_given_back": \([0-9]*\).*/\1/p' "$WORK/stats")
[ "${given:-0}" -gt 7000 ] || expect "page frames that were given back" "more than 7000" "${given:-none}"

# Who frees little asks for nothing.
in_guest --stats "$WORK/stats" "$R" true
expect_match "a small payload" '*"guest_frames_given_back": 0*' "$(cat "$WORK/stats")"
