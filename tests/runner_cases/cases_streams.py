"""Standard input, output and error: closed, redirected, large, shared with the caller."""

from case import Case

SOCKET = """python3 -c '
import socket, subprocess
ours, theirs = socket.socketpair()
process = subprocess.Popen(["run"], stdin=theirs, stdout=theirs)
theirs.close()
ours.sendall(b"hello\\n")
ours.shutdown(socket.SHUT_WR)
print(ours.makefile().read(), end="", flush=True)
raise SystemExit(process.wait())'"""

NONBLOCKING = """python3 -c '
import os, subprocess, time
theirs, ours = os.pipe()
os.set_blocking(theirs, False)
process = subprocess.Popen(["run"], stdin=theirs)
os.close(theirs)
time.sleep(0.3)
os.write(ours, b"late\\n")
os.close(ours)
raise SystemExit(process.wait())'"""

CASES = [
    Case("streams/apart", "docs of docker run", "echo out; echo err >&2; exit 3"),
    Case("streams/stdin-pipe", "podman-container-tools/podman#392", ["cat"], host="printf 'a\\nb\\n' | run"),
    Case("streams/stdin-here-string", "podman-container-tools/podman#3880", ["sh"], host="run <<<'echo hello world'"),
    Case("streams/stdin-null", "podman-container-tools/buildah#1650", ["wc", "-c"]),
    Case("streams/stdin-closed", "containers/crun#1702, issue 10, 3", "wc -c; echo $?", host="exec run 0<&-"),
    Case("streams/stdout-closed", "issue 10, 3", "echo hi; echo $? >&2", host="exec run 1>&-"),
    Case("streams/stderr-closed", "issue 10, 3", "echo hi >&2; echo $?", host="exec run 2>&-"),
    Case("streams/all-closed", "issue 10, 3", "exit 7", host="exec run 0<&- 1>&- 2>&-"),
    Case("streams/stdin-rest", "issue 10, 5", "read x; echo got $x", host="printf 'l1\\nl2\\nl3\\n' | (run; cat)"),
    Case("streams/stdin-rest-of-a-file", "issue 10, 5", "read x; echo got $x",
         host="printf 'l1\\nl2\\nl3\\n' >in; (run; cat) <in"),
    Case("streams/stdin-of-a-loop", "issue 10, 5", "echo once", host="printf 'a\\nb\\nc\\n' | while read x; do run; done"),
    Case("streams/stdin-not-read", "docker/for-linux#245", ["head", "-c", "1"],
         host="yes | head -c 3000000 | run; echo ${PIPESTATUS[@]}"),
    Case("streams/stdin-directory", "issue 10, 9", "cat; echo $?", host="exec run </tmp"),
    Case("streams/stdin-socket", "issue 10", ["cat"], host=SOCKET),
    Case("streams/stdin-non-blocking", "docker/cli#1707", ["cat"], host=NONBLOCKING),
    Case("streams/stdin-device", "issue 10", "head -c 1000000 | wc -c", host="exec run </dev/zero"),
    Case("streams/stdin-conversation", "podman-container-tools/podman#4676", "while read x; do echo got $x; done; echo end", stdin=True,
         dialogue=(("send", b"one\n"), ("wait", "got one"), ("send", b"two\n"), ("wait", "got two"), ("close",))),
    Case("streams/stdin-left-open", "ClusterHQ/powerstrip#66", "echo hi", stdin=True),
    Case("streams/stdout-full", "issue 10", "echo hi; echo $? >&2", host="exec run >/dev/full"),
    Case("streams/stdout-append", "issue 10", "echo second", host="echo first >f; run >>f; cat f"),
    Case("streams/stdout-shared", "issue 10", "echo two", host="{ echo one; run; echo three; } >f; cat f"),
    Case("streams/stdout-head", "issue 10", "yes; echo $? >&2", host="run | head -n 1"),
    Case("streams/stdout-head-of-process-1", "issue 10", ["yes"], host="run 2>/dev/null | head -n 1; echo ${PIPESTATUS[0]}"),
    Case("streams/stdout-large", "moby/moby#49655, docker/cli#4338", ["head", "-c", "20000000", "/dev/zero"],
         host="run | cksum"),
    Case("streams/stdout-slow-reader", "moby/moby#45689", "seq 1 300000", host="run | (sleep 0.5; cksum)"),
    Case("streams/stdout-to-file-large", "docker/cli#4338", "seq 1 300000", host="run >f; cksum <f"),
    Case("streams/one-pipe-for-both", "issue 10", "for i in $(seq 300); do echo o$i; echo e$i >&2; done",
         host="run 2>&1 | md5sum"),
    Case("streams/binary", "issue 10", ["cat"], host="head -c 300000 /dev/urandom >f; run <f | cmp - f && echo same"),
    Case("streams/dev-stdin", "issue 10, 2", "cat /dev/stdin", host="echo hi | run"),
    Case("streams/dev-stdin-of-a-pipe", "issue 10, 2", "echo hi | cat /dev/stdin; echo b | sort /dev/stdin"),
    Case("streams/dev-stdin-sourced", "issue 10, 2, podman-container-tools/podman#6659", "echo 'echo sourced' | sh -c '. /dev/stdin'; "
         "echo 'echo sourced' | sh /dev/stdin"),
    Case("streams/dev-fd", "issue 10, 2", "echo hi | (exec 3<&0; cat /dev/fd/3)"),
    Case("streams/dev-stdout", "moby/moby#31243", "echo hi >/dev/stdout; echo err >/dev/stderr"),
    Case("streams/dev-stdout-socket", "flynn/flynn#3371", "cat >/dev/null; echo hi >/dev/stdout; echo $?", host=SOCKET),
    Case("streams/dev-stdout-of-a-user", "opencontainers/runc#280, containers/conmon#112",
         "echo hi >/dev/stdout; echo err >/dev/stderr", user="1000:1000"),
    Case("streams/dev-stdout-after-su", "moby/moby#31243", "su nobody -s /bin/sh -c 'echo hi >/dev/stdout'; echo $?"),
    Case("streams/dev-stdout-file", "issue 10", "echo a; echo b >/dev/stdout; echo c", host="run >f; cat f"),
    Case("streams/descriptors", "moby/moby#5464", ["ls", "/proc/self/fd"], host="exec 7</etc/passwd; exec run"),
    Case("streams/descriptor-of-caller", "moby/moby#5464", "echo bad advice >&7; echo $?", host="exec 7>f; run; cat f"),
    Case("streams/held-by-a-child", "moby/moby#33039, moby/moby#24974", "sleep 1000 & echo done", host="run | cat"),
    Case("streams/grep-to-null", "issue 10, 1", "seq 100000 | grep 7 >/dev/null; echo $?", debian=True),
    Case("streams/cat-pipe-file", "issue 10, 1", "seq 50000 >/tmp/f; cat /tmp/f | cat | cksum; cp /tmp/f /tmp/g; cksum </tmp/g",
         debian=True),
]
