# Images: a directory's edits are never missed, a named image does not follow its directory, nothing is left over, what is
# damaged or somebody else's is not run, and who runs from an image keeps it.
HUSK_CACHE_DIR=${IMAGE_CASE_CACHE:-$WORK/cache}
export HUSK_CACHE_DIR
cp -a "$R" "$WORK/root"
for text in first again third; do
  echo $text >"$WORK/root/etc/text"
  in_guest "$WORK/root" cat /etc/text
  expect "an edit is seen" "$text" "$out"
done
expect "one image in the cache" 1 "$(find "$HUSK_CACHE_DIR/directories" -name '*erofs' | wc -l)"
expect "no temporary files" 0 "$(find "$HUSK_CACHE_DIR/directories" -name '*tmp' | wc -l)"

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

# ---------------------------------------------------------------- ls and prune
cp -a "$R" "$WORK/passing"
in_guest "$WORK/passing" true
expect_match "ls: images of directories" "*-*MB*$WORK/passing*$WORK/root*" "$(image ls)"
rm -rf "$WORK/passing"
expect_match "ls: a directory that is gone" "*$WORK/passing (gone)*" "$(image ls)"
echo half >"$HUSK_CACHE_DIR/images/left.4711.tmp"
expect_match "prune" "removed*MB*$WORK/passing (gone)*freed [0-9]*MB" "$(image prune)"
expect "prune removes what killed imports left" 0 "$(find "$HUSK_CACHE_DIR/images" -name '*tmp' | wc -l)"
case $(image ls) in *passing*) expect "prune" "nothing of $WORK/passing" "$(image ls)" ;; esac
expect_match "prune keeps what is there" "*$WORK/root*" "$(image ls)"
expect_match "prune --all" "removed*MB*$WORK/root*freed*" "$(image prune --all)"
expect "prune --all removes all" "" "$(ls "$HUSK_CACHE_DIR/directories")"
expect_match "prune of nothing" "freed 0.0 MB" "$(image prune)"

# ---------------------------------------------------------------- who runs from an image keeps it
image import "$WORK/root" box >/dev/null
want=$(md5sum <"$R/bin/busybox" | cut -c 1-32)
mkfifo "$WORK/go"
for source in box "$WORK/root"; do
  rm -f "$WORK/running"
  # The second read of bin/busybox touches pages that the guest has not looked at before.
  husk_run "$source" sh -c 'echo started; read line; md5sum </bin/busybox; cat /etc/text' <"$WORK/go" >"$WORK/running" 2>&1 &
  running=$!
  exec 9>"$WORK/go"
  eventually 600 test -s "$WORK/running"
  echo changed >"$WORK/root/etc/text"
  image import "$WORK/root" box >/dev/null
  image rm box >/dev/null
  image prune --all >/dev/null
  echo go >&9
  exec 9>&-
  wait $running
  expect_match "a VM of $source keeps its image" "started*$want*later" "$(cat "$WORK/running")"
  echo later >"$WORK/root/etc/text"
  image import "$WORK/root" box >/dev/null
done

# ---------------------------------------------------------------- damage
in_guest "$WORK/root" true
for file in "$HUSK_CACHE_DIR"/directories/*.erofs "$HUSK_CACHE_DIR/images/box.erofs"; do
  chmod 600 "$file"
  dd if="$file" of="$WORK/part" bs=4096 count=20 2>/dev/null
  cat "$WORK/part" >"$file"
done
in_guest --log-level info "$WORK/root" cat /etc/text
expect "a truncated image of a directory is made anew" "0 later" "$status $out"
expect_match "and that is said" "*made anew: *bytes*" "$err"
in_guest box true
expect "a truncated named image" 125 "$status"
expect_match "is explained" "*box*damaged*husk image import $WORK/root box*" "$err"
expect_match "is listed" "*box*damaged*" "$(image ls)"
image import "$WORK/root" box >/dev/null
in_guest box cat /etc/text
expect "and is good after another import" later "$out"

# ---------------------------------------------------------------- somebody else's
refused() {
  for source in box "$WORK/root"; do
    in_guest "$source" true
    expect "$1: status with $source" 125 "$status"
    expect_match "$1: what is said of it" "husk: cannot use *$2*" "$err"
  done
}
chmod 777 "$HUSK_CACHE_DIR"
refused "a cache that all can write to" "group * and everybody else can write to it; chmod go-w*"
chmod 700 "$HUSK_CACHE_DIR"
chmod 666 "$HUSK_CACHE_DIR/host-profile"
refused "a host profile that all can write to" "host-profile: group * can write to it"
chmod 600 "$HUSK_CACHE_DIR/host-profile"
mkdir "$WORK/open"
chmod 777 "$WORK/open"
good=$HUSK_CACHE_DIR
HUSK_CACHE_DIR=$WORK/open/cache
refused "a parent that all can write to" "$WORK/open*can write to $WORK/open*"
HUSK_CACHE_DIR=$WORK/open
chmod 1777 "$WORK/open"
refused "a directory like /tmp itself" "can write to it"
HUSK_CACHE_DIR=$good
if [ "$(id -u)" = 0 ]; then
  for file in "$HUSK_CACHE_DIR" "$HUSK_CACHE_DIR/host-profile"; do
    chown 54321 "$file"
    refused "$file of somebody else" "$file: it belongs to uid 54321, not to you*HUSK_CACHE_DIR*"
    chown 0 "$file"
  done
else
  echo "not tested without root: files of somebody else"
fi
in_guest box cat /etc/text
expect "all is well again" later "$out"

# ---------------------------------------------------------------- a file system that knows whole seconds only
# ext2 with small inodes. In a mount namespace of its own, which takes the loop device with it.
if [ "$(id -u)" = 0 ] && command -v mke2fs >/dev/null && [ "${HWLAB:-}" != yes ]; then
  dd if=/dev/zero of="$WORK/disk" bs=1M count=16 2>/dev/null
  mke2fs -q -F -t ext2 -I 128 "$WORK/disk" >/dev/null 2>&1
  mkdir "$WORK/mounted"
  export LIMIT
  cat >"$WORK/edits" <<'END'
. "$1"
mount -o loop "$WORK/disk" "$WORK/mounted" || { echo "no loop device"; exit 77; }
cp -a "$R" "$WORK/mounted/root"
for text in a b c d e; do
  echo $text >"$WORK/mounted/root/etc/text"
  husk_run "$WORK/mounted/root" cat /etc/text </dev/null
done
END
  code=0
  out=$(unshare -m --propagation private sh "$WORK/edits" "$here/lib.sh" 2>"$WORK/err") || code=$?
  if [ $code = 77 ]; then
    echo "not tested: whole seconds, $out"
  else
    expect "edits within a second" "a b c d e" "$(echo $out)"
  fi
else
  echo "not tested: a file system of whole seconds (needs root and mke2fs)"
fi
