# QEMU's microvm machine boots the kernel that husk embeds, from the same image, and the payload cannot tell (docs/pvh.md).
command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64"
"$HUSK" kernel "$WORK/kernel" || expect "husk kernel" 0 $?
HUSK_CACHE_DIR=$WORK/cache "$HUSK" image import "$R" root >"$WORK/import" 2>&1 || expect "husk image import" "" "$(cat "$WORK/import")"
mv "$WORK/cache/images/root.erofs" "$WORK/image"

# What tells QEMU of the image, and the kernel where that is: a module, unless a case says otherwise.
image="-m 64 -initrd $WORK/image"
image_word=

# with_qemu ACCELERATION COMMAND-LINE: as in_guest. The status is n where QEMU's is 2n+3 and n below 126, else what the kernel says on
# the debug console.
with_qemu() {
  case $1 in
    kvm) machine=kvm,kernel-irqchip=split,pic=off,pit=off,rtc=off cpu=host,-arch-capabilities ;;
    tcg) machine=tcg cpu=max ;;  # with its PIT and its CMOS clock
  esac
  for stream in out err log; do : >"$WORK/$stream"; done
  code=0
  timeout -k 2 120 qemu-system-x86_64 -M "microvm,acpi=off,isa-serial=off,accel=$machine" -cpu "$cpu" $image \
    -nodefaults -no-user-config -nographic -no-reboot -global virtio-mmio.force-legacy=false \
    -kernel "$WORK/kernel" -append "husk.exit=0x501 console=debugcon husk.ring=$RING $image_word $2" \
    -device isa-debug-exit,iobase=0x501,iosize=1 \
    -chardev "file,id=log,path=$WORK/log" -device isa-debugcon,iobase=0xe9,chardev=log \
    -chardev "${IN:-null},id=in" -device virtio-serial-device,id=s0,max_ports=1 -device virtconsole,bus=s0.0,chardev=in \
    -chardev "file,id=out,path=$WORK/out" -device virtio-serial-device,id=s1,max_ports=1 -device virtconsole,bus=s1.0,chardev=out \
    -chardev "file,id=err,path=$WORK/err" -device virtio-serial-device,id=s2,max_ports=1 -device virtconsole,bus=s2.0,chardev=err \
    2>"$WORK/qemu" || code=$?
  status=$(sed -n 's/^husk: exit status //p' "$WORK/log")
  [ "$code" = 255 ] && [ -n "$status" ] || status=$((code / 2 - 1))
  [ $((code % 2)) = 1 ] && [ "$code" != 1 ] || status="QEMU ended with $code: $(cat "$WORK/qemu")"
  out=$(cat "$WORK/out")
  err=$(cat "$WORK/err")
}

# same ACCELERATION COMMAND: `sh -c COMMAND` under husk and under QEMU. The command has no double quotes.
same() {
  in_guest "$R" /bin/sh -c "$2"
  under_husk="$status|$out|$err"
  with_qemu "$1" "init=/bin/sh -- -c \"$2\""
  expect "$2 ($1)" "$under_husk" "$status|$out|$err"
}

# QEMU's own processor once, in the ring that a processor with virtualization has: what differs there is the machine, not the ring.
accelerations=tcg
if [ -w /dev/kvm ]; then
  accelerations=kvm
  [ "$RING" != 0 ] || accelerations="kvm tcg"
fi
for a in $accelerations; do
  same "$a" 'echo to stdout; echo to stderr >&2; exit 7'
  same "$a" 'uname -a; ls -l /bin /etc; cat /etc/passwd; pwd; id; env'
  same "$a" 'ps; sleep 0.1; (echo a; sleep 0.1; echo b) | cat'
  same "$a" "seq 1 $(long 150000)"
  same "$a" 'exit 126'
  same "$a" 'exit 127'
  same "$a" 'exit 200'
  same "$a" 'kill -9 $$'
  same "$a" '/no/such/command'
  with_qemu "$a" 'init=/no/such/command'
  expect "a program that is not there ($a)" 127 "$status"
  expect_match "and why" "*cannot run /no/such/command: *" "$(cat "$WORK/log")"
  with_qemu "$a" 'init=/bin/sh A=1 husk.uid=1000:1001 husk.cwd=/etc hostname=box -- -c "echo $A $(pwd) $(id -u):$(id -g) $(hostname)"'
  expect "options ($a)" "1 /etc 1000:1001 box" "$out"
  # What is wrong with a command line is said in one line.
  with_qemu "$a" 'init=/bin/sh husk.ring=2'
  expect "a bad word ($a)" "125 husk: cannot boot: not auto, 0 or 3: husk.ring=2" "$status $(cat "$WORK/log")"
  with_qemu "$a" 'no-such-word init=/bin/sh'
  expect_match "an unknown word ($a)" "husk: cannot boot: *: no-such-word" "$(cat "$WORK/log")"
  with_qemu "$a" 'init=/bin/sh "x'
  expect "a quote that is not closed ($a)" "125 husk: cannot boot: a quote is not closed on the command line" \
    "$status $(cat "$WORK/log")"
done

# The image as a part of the machine's memory that is its file, mapped (docs/pvh.md, "Without a copy of the image").
size=$(stat -c %s "$WORK/image")
ram=$((64 << 20 | (size % 8192)))
image="-m $(((ram + size) / 1024))K -object memory-backend-ram,id=ram,size=$ram -numa node,memdev=ram
  -object memory-backend-file,id=image,mem-path=$WORK/image,size=$size,share=off,readonly=on -numa node,memdev=image"
image_word=husk.image=$size@$ram
for a in $accelerations; do
  same "$a" 'ls -l /bin /etc; cat /etc/passwd; echo x >/etc/passwd; cat /etc/passwd'
  image_word=
  with_qemu "$a" 'init=/bin/sh'
  expect_match "no image ($a)" "husk: cannot boot: there is no root image*" "$(cat "$WORK/log")"
  image_word=husk.image=$((size + 4096))@$ram
  with_qemu "$a" 'init=/bin/sh'
  expect_match "an image beyond the memory ($a)" "husk: cannot boot: the root image lies in memory*" "$(cat "$WORK/log")"
  image_word=husk.image=$size@$ram
done
