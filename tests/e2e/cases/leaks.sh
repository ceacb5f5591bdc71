# A killed husk leaves nothing behind; many runs leave nothing, either.
groups() { find /sys/fs/cgroup -type d 2>/dev/null | grep -c husk; }
state() { echo "mounts $(wc -l </proc/self/mounts), cgroups $(groups), temporary files $(ls /tmp | grep -c '^husk' )"; }
husks() {
  for directory in /proc/[0-9]*; do
    [ "$(readlink "$directory/exe" 2>/dev/null)" = "$(readlink -f "$HUSK")" ] && tr '\0' ' ' <"$directory/cmdline" | grep -c leak-marker
  done 2>/dev/null | wc -l
}
in_guest "$R" true # the cache, and whatever is kept for ever, is there now
before=$(state)
for isolation in vm namespace; do
  for moment in 0.01 0.3; do
    "$HUSK" run --guest-ring "$RING" --isolation $isolation -e leak-marker=1 "$R" sleep 1000 </dev/null >/dev/null 2>&1 &
    husk=$!
    sleep $moment
    kill -KILL $husk
    wait $husk 2>/dev/null
  done
done
waited=0
while [ "$(husks)" -gt 0 ] && [ $waited -lt 50 ]; do
  waited=$((waited + 1))
  sleep 0.1
done
expect "processes left" 0 "$(husks)"
expect "after SIGKILL" "$before" "$(state)"

runs=$(long "${RUNS:-2000}")
space() { du -s "${HUSK_CACHE_DIR:-/var/cache/husk}" | cut -f 1; }
in_guest "$R" true
space_before=$(space)
before=$(state)
failed=0 i=0
while [ $i -lt "$runs" ]; do
  timeout -k 2 60 "$HUSK" run --guest-ring "$RING" "$R" /bin/true </dev/null || failed=$((failed + 1))
  i=$((i + 1))
done
expect "of $runs runs, failed" 0 "$failed"
expect "cache" "$space_before" "$(space)"
expect "after $runs runs" "$before" "$(state)"
expect "processes left" 0 "$(husks)"
