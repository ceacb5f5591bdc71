"""With a terminal on the host: with -t, without it, and with a shell's job control around."""

from case import Case

LOOP = "echo ready; n=0; while [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done"
SETTLED = ("sleep", 0.2)  # until the payload's child is there
PASTE = b"".join(b"%03d %s\n" % (n, b"x" * 95) for n in range(300))
# An interactive bash on the host's terminal, which starts `run`.
OUTER = "PS1='$ ' exec bash --norc --noediting -i"

# Ctrl-Z, then what the shell's user does if that has suspended the runner, and what is of no effect if it has not.
SUSPENDED = (("wait", "$ "), ("send", b"run\n"), ("wait", "ready"), SETTLED, ("send", b"\x1a"), ("sleep", 1.5), ("send", b"fg\n"),
             ("sleep", 1.5), ("send", b"kill -9 %1\n"), ("sleep", 0.3), ("send", b"exit\n"))


def with_t(name, source, command, dialogue=(), **more):
    return Case("terminal/" + name, source, command, tty=True, pty=True, dialogue=dialogue, **more)


CASES = [
    with_t("is-one", "docs of docker run", "for n in 0 1 2; do test -t $n && echo $n; done"),
    with_t("name", "issue 10", "tty; echo x >/dev/tty; ls /dev/console"),
    with_t("variable", "issue 10", "echo $TERM"),
    # At once where husk runs it; runc sets the size a little after the start.
    with_t("size", "moby/moby#25450, docker/cli#3554", "sleep 0.2; stty size"),
    with_t("size-changes", "moby/moby#35407", "trap 'stty size; exit' WINCH; " + LOOP,
           (("wait", "ready"), ("resize", 50, 132))),
    with_t("flags", "issue 10", "sleep 0.2; stty -a"),
    with_t("number", "issue 10, 9", "set -- $(cut -d' ' -f7,8 /proc/self/stat); [ $1 != 0 ] && echo has; [ $2 -gt 0 ] && echo foreground"),
    with_t("interrupt", "moby/moby#21008", "trap 'echo int; exit 3' INT; echo ready; sleep 5", (("wait", "ready"), SETTLED, ("send", b"\x03"))),
    with_t("interrupt-of-process-1", "podman-container-tools/podman#18221", "echo ready; exec sleep 1",
           (("wait", "ready"), SETTLED, ("send", b"\x03"))),
    with_t("interrupt-child", "issue 10", "trap 'echo int' INT; echo ready; sleep 5; echo $?",
           (("wait", "ready"), SETTLED, ("send", b"\x03"))),
    with_t("quit", "issue 10", "trap 'echo quit; exit 4' QUIT; echo ready; sleep 5", (("wait", "ready"), SETTLED, ("send", b"\x1c"))),
    with_t("end-of-file", "issue 10", "echo ready; cat; echo end",
           (("wait", "ready"), ("send", b"abc\n"), ("wait", "abc\r\nabc"), ("send", b"\x04"))),
    with_t("erase", "issue 10", "echo ready; read x; echo got $x", (("wait", "ready"), ("send", b"abd\x7fc\n"), ("wait", "got"))),
    with_t("no-echo", "issue 10", "stty -echo; echo ready; read x; echo got $x", (("wait", "ready"), ("send", b"secret\n"))),
    with_t("raw-left", "issue 10, 7", "stty raw -echo; exit 3", host="run; echo $?; stty -a | tr ' ;' '\\n' | grep -xE -- '-?(icanon|echo|isig|opost)'"),
    with_t("paste", "issue 10, 4", "stty -echo; echo ready; head -n 300 | md5sum", (("wait", "ready"), ("send", PASTE))),
    with_t("paste-slow-reader", "issue 10, 4", "stty -echo; echo ready; sleep 0.5; head -n 300 | md5sum", (("wait", "ready"), ("send", PASTE))),
    with_t("paste-raw", "issue 10, 4", "stty raw -echo; echo ready; head -c 30000 | md5sum; stty sane", (("wait", "ready"), ("send", PASTE))),
    with_t("output", "containerd/containerd#3738", "seq 1 20000; echo END"),
    with_t("typed-ahead", "issue 10", "echo ready; sleep 0.3; read x; echo got $x", (("wait", "ready"), ("send", b"early\n"))),
    with_t("hangup", "podman-container-tools/podman#20003", "trap 'exit 8' HUP; " + LOOP, (("wait", "ready"), ("hangup",))),
    with_t("background-write", "issue 10", "set -m; stty tostop; (echo bg) & sleep 0.3; grep State /proc/$!/status; kill -9 $!"),
    with_t("background-read", "issue 10", "set -m; (read x </dev/tty; echo $?) & sleep 0.3; grep State /proc/$!/status; kill -9 $!"),
    with_t("background-settings", "issue 10", "set -m; stty -echo & sleep 0.3; grep State /proc/$!/status; kill -9 $!"),
    with_t("job-control", "moby/moby#2780", ["bash", "--norc", "--noediting", "-i"],
           (("wait", "# "), ("send", b"PS1='> '\n"), ("wait", "\n> "), ("send", b"sleep 100\n"), ("wait", "100"), ("sleep", 0.3),
            ("send", b"\x1a"), ("wait", "Stopped"), ("wait", "\n> "), ("send", b"fg\n"), ("wait", "100"), ("sleep", 0.3),
            ("send", b"\x03"), ("wait", "\n> "), ("send", b"exit 3\n")), debian=True),
    with_t("pseudo-terminals", "issue 10", ["script", "-qec", "tty >/dev/null; echo $?", "/dev/null"], debian=True),
    with_t("su", "opencontainers/runc#280", "su nobody -s /bin/sh -c 'echo hi >/dev/tty; id -u'"),
    with_t("user", "opencontainers/runc#280", "echo hi >/dev/stdout; echo hi >/dev/tty; stat -L -c %u /dev/stdin", user="1000:1000"),
    with_t("output-redirected", "issue 10, 7", "test -t 0 && echo in; test -t 1 && echo out", host="run >f; echo $?; cat f"),
    with_t("error-redirected", "issue 10, 7", "test -t 2 && echo err; echo x >&2", host="run 2>f; echo $?; cat f"),
    with_t("input-redirected", "podman-container-tools/podman#8916", ["cat"], host="echo asdf | run; echo $?", seconds=6),
    Case("terminal/none-with-t", "moby/moby#37200, podman-container-tools/podman#23931", "test -t 1 && echo one; echo hi", tty=True),
    Case("terminal/without-t", "issue 10", "for n in 0 1 2; do test -t $n && echo $n; done; echo end", pty=True),
    Case("terminal/without-t-interrupt", "moby/moby#21008", "trap 'echo int; exit 3' INT; echo ready; sleep 5", pty=True,
         dialogue=(("wait", "ready"), SETTLED, ("send", b"\x03"))),
    Case("terminal/without-t-interrupt-once", "docker/compose#11186",
         "n=0; trap 'n=$((n + 1))' INT; echo ready; sleep 0.5; sleep 0.3; echo $n", pty=True,
         dialogue=(("wait", "ready"), ("send", b"\x03"))),
    Case("terminal/without-t-end-of-file", "issue 10", "echo ready; cat; echo end", pty=True,
         dialogue=(("wait", "ready"), ("send", b"abc\n"), ("wait", "abc\r\nabc"), ("send", b"\x04"))),
    Case("terminal/without-t-suspend", "issue 10, 7", "echo ready; sleep 1; echo on; exit 3", pty=True, host=OUTER, dialogue=SUSPENDED),
    with_t("suspend", "issue 10, 7", "echo ready; sleep 1; echo on; exit 3", SUSPENDED, host=OUTER),
    with_t("background-of-a-shell", "issue 10, 7", "echo hi",
           (("wait", "$ "), ("send", b"run &\n"), ("wait", "$ "), ("sleep", 1), ("send", b"kill -9 %1; exit\n"), ("wait", "exit"),
            ("sleep", 0.5), ("send", b"exit\n")), host=OUTER),
]
