# stress-ng: two dozen kinds of stress at the same time for a moment, which check what they do (--verify). What passed, failed and was skipped.
# packages: stress-ng
# needs: stress-ng
# memory: 1G
stressors='pipe fifo sem sem-sysv shm shm-sysv msg mq futex eventfd epoll poll sigfd sock sockpair udp splice tee sendfile pty inotify fork mmap'
operations='' timeout=5s
# Where each takes seconds their number ends it.
[ -z "${SHORT:-}" ] || stressors='pipe sem-sysv' operations=5 timeout=150s
# sockpair begins with as many as there may be.
ulimit -n 256
# shellcheck disable=SC2046 # words
stress-ng $(for stressor in $stressors; do echo "--$stressor 1 ${operations:+--$stressor-ops $operations}"; done) \
  --shm-bytes 1M --shm-objs 2 --mmap-bytes 4M --shm-sysv-bytes 1M --shm-sysv-segs 2 --timeout $timeout --verify --temp-path /tmp --metrics-brief >/tmp/said 2>&1
echo "status $?"
# Each has done something: a stressor that cannot run is skipped, and has not.
sed -n 's/^stress-ng: metrc: *\[[0-9]*\] *//p' /tmp/said | awk '$2 ~ /^[0-9]+$/ && NF > 6 { print $1, ($2 > 0 ? "ran" : "did nothing") }' | sort
sed -n 's/^stress-ng: \(fail\|error\): *\[[0-9]*\] *//p' /tmp/said | sed 's/\[[0-9]*\]/[N]/' | sort -u
