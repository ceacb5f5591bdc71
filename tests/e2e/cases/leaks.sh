# A killed husk leaves nothing behind; many runs leave nothing, either.
# Other copies of husk may run on the machine; theirs is not counted. ctest runs this with mounts and a /tmp of its own
# (tests/lib/alone).
groups() { # whose husk, named by its process id, is gone
  find /sys/fs/cgroup -type d -name 'husk-[0-9]*' 2>/dev/null | while read -r group; do
    [ -e "/proc/${group##*-}" ] || echo "$group"
  done | wc -l
}
husk_path=$(readlink -f "$HUSK")
husks() {
  for directory in /proc/[0-9]*; do
    [ "$(readlink "$directory/exe")" = "$husk_path" ] || continue
    tr '\0' '\n' <"$directory/cmdline" | grep -qx "leak-marker=$$" && echo "$directory"
  done 2>/dev/null | wc -l
}
state() {
  echo "processes $(husks), mounts $(wc -l </proc/self/mounts), cgroups $(groups)," \
    "temporary files $(find /tmp -maxdepth 1 -name 'husk*' | wc -l)"
}
as_before() { [ "$(state)" = "$before" ]; }
# expect_state WHAT: what was there `before` is there again, or is so soon.
expect_state() {
  eventually 300 as_before
  expect "$1" "$before" "$(state)"
}
in_guest "$R" true # the cache, and whatever is kept for ever, is there now
before=$(state)
for isolation in vm namespace; do
  for moment in 0.01 0.3; do
    "$HUSK" run --guest-ring "$RING" --isolation $isolation -e leak-marker=$$ "$R" sleep 1000 </dev/null >/dev/null 2>&1 &
    husk=$!
    sleep $moment
    kill -KILL $husk
    wait $husk 2>/dev/null
  done
done
expect_state "after SIGKILL"

runs=$(long "${RUNS:-2000}")
space() { du -s "${HUSK_CACHE_DIR:-/var/cache/husk}" | cut -f 1; }
in_guest "$R" true
space_before=$(space)
before=$(state)
failed=0 i=0
while [ $i -lt "$runs" ]; do
  timeout -k 2 60 "$HUSK" run --guest-ring "$RING" -e leak-marker=$$ "$R" /bin/true </dev/null || failed=$((failed + 1))
  i=$((i + 1))
done
expect "of $runs runs, failed" 0 "$failed"
expect "cache" "$space_before" "$(space)"
expect_state "after $runs runs"
