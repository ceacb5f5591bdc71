"""Children, orphans, zombies; su and the tools that change users; what shells do with pipes."""

from case import Case

CASES = [
    Case("processes/orphan-reaped", "containerd/containerd#9979, apple/container#1225",
         "p=$(sh -c 'sleep 0.2 >/dev/null & echo $!'); sleep 0.6; [ -e /proc/$p ] || echo gone"),
    Case("processes/orphan-parent", "moby/moby#29700",
         "p=$(sh -c 'sleep 0.4 >/dev/null & echo $!'); grep PPid /proc/$p/status"),
    Case("processes/zombie-kept", "moby/moby#29238",
         ["python3", "-c", "import os,time\np=os.fork()\nif p==0: os._exit(0)\ntime.sleep(0.2)\n"
          "print(open(f'/proc/{p}/status').read().split('State:')[1].split()[0])"], debian=True),
    Case("processes/end-with-process-1", "moby/moby#29700", "(sleep 0.3; echo late) & echo done"),
    Case("processes/stop-and-continue", "issue 10", "sleep 0.3 & kill -STOP $!; sleep 0.1; grep State /proc/$!/status; "
         "kill -CONT $!; wait $!; echo $?"),
    Case("processes/wait-status", "issue 10", "sh -c 'exit 5' & wait $!; echo $?; sh -c 'kill -TERM $$' & wait $!; echo $?"),
    Case("processes/timeout", "issue 10", "timeout 0.1 sleep 5; echo $?"),
    Case("processes/many", "issue 10", "for i in $(seq 200); do true & done; wait; echo ok"),
    Case("processes/many-at-once", "issue 10", "for i in $(seq 100); do sleep 9 & done; ls -d /proc/[0-9]* | wc -l"),
    Case("processes/xargs", "issue 10", "seq 20 | xargs -P 4 -n 1 sh -c 'echo $((0 * $0))' | sort -u"),
    Case("processes/fifo", "issue 10", "mkfifo /tmp/f; echo x >/tmp/f & cat /tmp/f"),
    Case("processes/substitution", "issue 10, 2", ["bash", "-c", "cat <(echo a) <(echo b); echo c > >(cat); wait"], debian=True),
    Case("processes/here-documents", "issue 10", ["bash", "-c", "cat <<<a; cat <<E\n$(seq 20000 | cksum)\nE"], debian=True),
    Case("processes/interactive-shell-without-terminal", "moby/moby#29562", ["bash", "--norc", "-ic", "echo hi"], debian=True),
    Case("processes/tar", "issue 10", "tar cf - -C / etc 2>/dev/null | tar tf - | wc -l", debian=True),
    Case("processes/su", "issue 10, 8, moby/moby#10642, podman-container-tools/podman#8812", "su nobody -s /bin/sh -c id; echo $?", debian=True),
    Case("processes/su-login", "issue 10, 8", "su - -c 'pwd; id -un'; echo $?", debian=True),
    Case("processes/runuser", "issue 10, 8", "runuser -u nobody -- id; echo $?", debian=True),
    Case("processes/useradd", "issue 10, 8, OpenHands/OpenHands#1110", "groupadd g1 && useradd -m -g g1 u1 && id u1 && su u1 -c 'id -un; cd; pwd'; echo $?",
         debian=True),
    Case("processes/useradd-delete", "issue 10, 8", "useradd u1 && usermod -s /bin/sh u1 && grep u1 /etc/passwd && userdel u1; "
         "echo $?", debian=True),
    Case("processes/newgrp", "issue 10, 8", "echo id -gn | newgrp users; echo $?", debian=True),
    Case("processes/setpriv", "issue 10, 8", "setpriv --reuid 1000 --regid 1000 --clear-groups id; echo $?", debian=True),
    Case("processes/setpriv-capabilities", "issue 10, 8",
         "setpriv --reuid 1000 --clear-groups --bounding-set -all grep -E 'CapEff|CapBnd' /proc/self/status; echo $?", debian=True),
    Case("processes/setuid-program", "issue 10, 8", "cp /usr/bin/id /tmp/id; chmod 4755 /tmp/id; setpriv --reuid 1000 "
         "--clear-groups /tmp/id -un", debian=True),
    Case("processes/chown", "issue 10", "touch /tmp/x; chown 1000:1001 /tmp/x; stat -c '%u %g' /tmp/x; chroot / true; echo $?"),
    Case("processes/python", "issue 10", ["python3", "-c", "import subprocess, os\nprint(subprocess.run(['cat'], input=b'x',"
         "capture_output=True).stdout, os.popen('echo y').read())"], debian=True),
    Case("processes/perl", "issue 10", ["perl", "-e", "$SIG{ALRM}=sub{print \"alarm\\n\"; exit 4}; alarm 1; sleep 9"], debian=True),
    Case("processes/busy-text", "issue 10", "cp /bin/busybox /tmp/sleep; /tmp/sleep 0.5 & sleep 0.1; echo x >/tmp/sleep; echo $?; wait"),
    Case("processes/dpkg", "issue 10", "dpkg-query -W -f '${Package}\\n' | wc -l; dpkg --verify base-files | wc -l", debian=True),
]
