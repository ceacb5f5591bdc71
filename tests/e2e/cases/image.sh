# Images: a directory's edits are never missed, a named image does not follow its directory, nothing is left over.
HUSK_CACHE_DIR=${IMAGE_CASE_CACHE:-$WORK/cache}
export HUSK_CACHE_DIR
cp -a "$R" "$WORK/root"
for text in first again third; do
  echo $text >"$WORK/root/etc/text"
  in_guest "$WORK/root" cat /etc/text
  expect "an edit is seen" "$text" "$out"
done
expect "one image in the cache" 1 "$(ls "$HUSK_CACHE_DIR/directories" | grep -c 'erofs$')"
expect "no temporary files" 0 "$(ls "$HUSK_CACHE_DIR/directories" | grep -c 'tmp$')"

image() { timeout -k 2 60 "$HUSK" image "$@" 2>&1; }
expect "import" "box" "$(image import "$WORK/root" box)"
echo later >"$WORK/root/etc/text"
in_guest box cat /etc/text
expect "a named image stays as it was" third "$out"
expect_match "ls" "*NAME*box*MB*$WORK/root*" "$(image ls)"
expect_match "inspect" "*\"name\": \"box\"*\"size\":*" "$(image inspect box)"
expect "rm" "box" "$(image rm box)"
in_guest box true
expect "removed" 125 "$status"
image import "$WORK/root" 'Bad/Name' >/dev/null
expect "a bad name" 125 $?
image rm nothing >/dev/null
expect "rm of nothing" 125 $?
in_guest "$WORK/root" sh -c 'cd /bin && ls -l sh busybox | sed "s/.*root *root *//; s/^[0-9]* //; s/.* \(sh\)/\1/; s/.* \(busybox\)/\1/"; md5sum < busybox'
expect_match "links and files" "busybox*sh -> /bin/busybox*$(md5sum <"$R/bin/busybox" | cut -c 1-32)*" "$out"
