# The memory limit: enough for busybox at 16 MiB, and a payload that wants more is killed, with a line that says why.
in_guest -m 16M "$R" sh -c 'ls / | sort | wc -l; cat /bin/busybox | md5sum'
expect "busybox in 16 MiB" 0 "$status"
expect_match "its output" "*$(md5sum <"$R/bin/busybox" | cut -d ' ' -f 1)*" "$out"
# Grows in small steps: one allocation larger than the memory would be refused, as on Linux.
eater='BEGIN { for (;;) a[i++] = "some text that takes memory " i }'
in_guest -m 32M "$R" awk "$eater"
expect "a process that eats memory" 137 "$status"
expect_match "says why" "*out of memory (limit 32768 KiB)*-m" "$err"
in_guest -m 32M "$R" sh -c 'dd if=/dev/zero of=/tmp/file bs=1M count=100 2>/dev/null; echo "dd $?"; rm -f /tmp/file; echo alive'
expect_match "a full tmpfs" "*alive" "$out"
expect_match "dd fails" "dd [1-9]*" "$out"
in_guest -m 32M "$R" sh -c 'awk "$0"; echo "child $?"; echo alive' "$eater"
expect_match "only the one that eats is killed" "child 137
alive" "$out"
# What a parent and its child of vfork hold is held twice, and killing one of them frees nothing.
if [ -n "$ABI_PROGRAM" ]; then
  cp -a "$R" "$WORK/vfork"
  "$here/../lib/add_program" "$WORK/vfork" "$ABI_PROGRAM" /abi/program
  for how in touch read; do
    in_guest -m 52M "$WORK/vfork" sh -c "/abi/program vfork_memory $how; echo \"status \$?\""
    expect "memory held by a vfork, $how" "has it all
the holder: killed by SIGKILL
status 0" "$out"
  done
  in_guest -m 64M "$WORK/vfork" /abi/program oom_victims victims
  expect "who is killed is who was named for it" "who wants memory: exited with 0
the largest, never to be killed: alive
the smallest, to be killed first: killed by SIGKILL
another: alive" "$out"
  in_guest -m 64M "$WORK/vfork" /abi/program oom_victims copies
  expect_match "one that is killed while it is copied costs no other" "copied *
who copies: exited with 0
the largest: killed by SIGKILL
another: alive" "$out"
  if [ "$SLOW" = no ]; then
    in_guest -m 1G "$WORK/vfork" /abi/program long_memory_calls populate
    expect "others run while pages are made present" "madvise: ok
madvise, meanwhile: others run
killed: killed by SIGKILL
mmap, meanwhile: others run
killed: killed by SIGKILL" "$out"
  fi
fi
