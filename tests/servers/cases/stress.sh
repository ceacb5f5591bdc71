# stress-ng over the calls of servers, two of each kind's instances for a moment; what it does is checked by itself (--verify).
# packages: stress-ng
# needs: stress-ng
seconds=1
stressors='pipe pipeherd fifo sem sem-sysv shm shm-sysv msg mq futex mutex eventfd epoll poll fd-race sigfd timerfd signal sigq fork vfork clone wait kill sock sockpair sockmany udp udp-flood dgram splice tee vm-splice sendfile pty inotify switch yield sleep nanosleep itimer timer mmap mremap munmap madvise memfd'
[ -z "${SHORT:-}" ] || stressors='pipe futex sem mmap'
for stressor in $stressors; do
  output=$(stress-ng --"$stressor" 1 --timeout $seconds --verify --temp-path /tmp --oomable 2>&1)
  status=$?
  # A stressor that cannot be run says so: that is not passing.
  echo "$output" | grep -qiE 'skipp|not implemented|not supported' && status="$status, skipped"
  echo "$stressor $status"
done
