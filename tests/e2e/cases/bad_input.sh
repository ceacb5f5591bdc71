# husk's own errors: one line on standard error, status 125.
expect_error() {
  expect "$1: status" 125 "$status"
  expect "$1: one line" 1 "$(printf '%s\n' "$err" | wc -l)"
  expect_match "$1: says what" "$2" "$err"
  expect "$1: nothing on stdout" "" "$out"
}
in_guest /no/such/image true
expect_error "no such image" "*/no/such/image*"
in_guest no-such-name true
expect_error "no such name" "*no-such-name*"
mkdir "$WORK/empty"
in_guest "$WORK/empty" true
expect_error "empty image" "*empty*"
in_guest "$R/etc/passwd" true
expect_error "an image that is a file" "*passwd*"
in_guest -m 0 "$R" true
expect_error "-m 0" "*"
in_guest -m 1M "$R" true
expect_error "-m 1M" "*"
in_guest -m nonsense "$R" true
expect_error "-m nonsense" "*"
in_guest -m 9999G "$R" true
expect_error "-m 9999G" "*"
in_guest --guest-ring 7 "$R" true
expect_error "--guest-ring 7" "*"
in_guest -u nobody-knows "$R" true
expect_error "-u nobody-knows" "*"
echo "no kernel" >"$WORK/kernel"
in_guest --kernel "$WORK/kernel" "$R" true
expect_error "a kernel that is no ELF file" "*$WORK/kernel*"
in_guest --kernel "$WORK/nothing" "$R" true
expect_error "a kernel that is not there" "*$WORK/nothing*"
in_guest --kernel "$HUSK" "$R" true
expect_error "a kernel that is another program" "*"
in_guest
expect_error "no image" "*"

saved=${HUSK_CACHE_DIR:-}
echo "a file" >"$WORK/file"
HUSK_CACHE_DIR=$WORK/file/cache
export HUSK_CACHE_DIR
in_guest "$R" true
expect_error "a cache that cannot be made" "*HUSK_CACHE_DIR*"
HUSK_CACHE_DIR=$saved

# Without /dev/kvm, and without the permission to open it, in a mount namespace where it is hidden.
hidden() { # COMMAND: what is done to /dev/kvm first
  status=0
  unshare -m sh -c "$1"' && shift && exec "$@"' sh - timeout -k 2 60 "$HUSK" run "$R" true >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
  out=$(cat "$WORK/out")
  err=$(cat "$WORK/err")
}
hidden 'mount -t tmpfs none /dev'
expect_error "no /dev/kvm" "*/dev/kvm*"
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && setpriv --help 2>&1 | grep -q reuid; then
  mkdir "$WORK/cache"
  chmod 0755 "$WORK"
  chown 65534:65534 "$WORK/cache"
  cp "$HUSK" "$WORK/husk"
  cp -a "$R" "$WORK/root"
  chmod -R a+rX "$WORK/root"
  status=0
  HUSK_CACHE_DIR=$WORK/cache unshare -m sh -c 'mount -t tmpfs none /dev && mknod -m 600 /dev/kvm c 10 232 && exec "$@"' sh \
    timeout -k 2 60 setpriv --reuid 65534 --regid 65534 --clear-groups "$WORK/husk" run "$WORK/root" true \
    >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
  out=$(cat "$WORK/out")
  err=$(cat "$WORK/err")
  expect_error "no permission for /dev/kvm" "*/dev/kvm*"
fi

# A user who may have no more threads: where KVM has one of its own, the VM cannot run. It has to say so, and not to try
# again without end.
if [ "$(id -u)" -eq 0 ] && command -v prlimit >/dev/null; then
  status=0
  timeout -k 2 60 prlimit --nproc=1 "$HUSK" run --guest-ring "$RING" "$R" true >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
  err=$(cat "$WORK/err")
  case $status in
    0) expect "no more threads, and none needed" "" "$err" ;;
    *) out= && expect_error "no more threads" "*thread*" ;;
  esac
fi
