#!/usr/bin/env python3
"""What a user of `husk run -t` sees who sits at a terminal: terminal_test.py HUSK ROOT KIND

KIND: ring3, ring0, jail (in the VM), namespace. The terminal is a pseudo-terminal of the test's."""
import contextlib
import fcntl
import os
import pty
import signal
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time

PATIENCE = 60.0
failures = []


def check(what, holds, details=""):
    if not holds:
        failures.append(what)
        print(f"FAILED: {what}: {details}")


class User:
    """Someone who has started husk -t on a terminal, types, and looks at what comes."""

    def __init__(self, husk, options, root, command, stdout=None, own=("-t",)):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.slave = slave
        self.before = termios.tcgetattr(slave)
        self.seen = b""

        def own_terminal():
            os.setsid()
            os.close(os.open(os.ttyname(0), os.O_RDWR))  # becomes the controlling terminal

        self.process = subprocess.Popen([husk, "run", *own, *options, root, *command], stdin=slave,
                                        stdout=slave if stdout is None else stdout, stderr=slave,
                                        preexec_fn=own_terminal)
        os.set_blocking(self.master, False)

    def look(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            try:
                self.seen += os.read(self.master, 65536)
            except (BlockingIOError, OSError):
                pass

    def wait_for(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen and time.monotonic() < deadline:
            self.look(0.1)
        if text not in self.seen:
            raise AssertionError(f"no {text!r} in {self.seen[-300:]!r}")

    def type(self, text):
        """All of it, however long the terminal makes the typist wait."""
        deadline = time.monotonic() + PATIENCE
        while text and time.monotonic() < deadline:
            readable, writable, _ = select.select([self.master], [self.master], [], 0.1)
            if readable:
                self.look(0)
            if writable:
                try:
                    text = text[os.write(self.master, text[:512]):]
                except BlockingIOError:
                    time.sleep(0.01)
        if text:
            raise AssertionError(f"{len(text)} bytes could not be typed; seen {self.seen[-300:]!r}")

    def end(self):
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            self.look(0.05)
        for _ in range(20):
            self.look(0.01)
        ended = self.process.poll() is not None
        if not ended:
            self.process.kill()
            self.process.wait()
        restored = termios.tcgetattr(self.slave) == self.before
        os.close(self.slave)
        os.close(self.master)
        if not ended:
            raise AssertionError(f"does not end; seen {self.seen[-300:]!r}")
        return self.process.returncode, restored


def paste(husk, options, root, what, command):
    """30,000 bytes of 300 lines at once, to a reader that takes its time."""
    text = b"".join(b"%05d" % line + b"x" * 94 + b"\n" for line in range(300))
    user = User(husk, options, root, ["sh", "-c", command])
    user.wait_for(b"ready")
    user.type(text)
    user.wait_for(b"done")
    status, restored = user.end()
    check(f"{what}: everything arrives", b"sum 30000 " in user.seen and status == 0, (status, user.seen[-200:]))
    check(f"{what}: the terminal is as it was", restored)


def leaves_it_raw(husk, options, root, what):
    user = User(husk, options, root, ["sh", "-c", "stty raw -echo; tty >/dev/null && echo is a terminal; exit 7"])
    status, restored = user.end()
    check(f"{what}: status and output", status == 7 and b"is a terminal" in user.seen, (status, user.seen))
    check(f"{what}: the terminal is as it was", restored)


def output_elsewhere(husk, options, root, what):
    """With standard output redirected the payload's terminal is one all the same, and its output goes there."""
    with tempfile.TemporaryFile() as output:
        user = User(husk, options, root, ["sh", "-c", "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo three terminals"],
                    stdout=output)
        status, restored = user.end()
        output.seek(0)
        check(what, status == 0 and restored and b"three terminals" in output.read(), (status, restored, user.seen))


def keys(husk, options, root, what):
    """Lines, ^C and ^D are the payload's terminal's; its size is the user's."""
    command = "trap 'echo interrupted' INT; stty size; echo ready; read x; echo got=$x; cat; echo end; exit 5"
    user = User(husk, options, root, ["sh", "-c", command])
    user.wait_for(b"ready")
    user.type(b"wrong\x7f\x7f\x7f\x7f\x7fhello\n")
    user.wait_for(b"got=hello")
    user.type(b"\x04")
    user.wait_for(b"end")
    status, restored = user.end()
    check(what, status == 5 and restored and b"24 80" in user.seen, (status, restored, user.seen))
    # A shell catches SIGINT, and loses it when it becomes another program at that moment: process 1 of a namespace does
    # not die of a signal that is pending when it executes one.
    user = User(husk, options, root, ["sh", "-c", "(sleep 0.3; echo ready) & exec sleep 1000"])
    user.wait_for(b"ready")
    user.type(b"\x03")
    status, restored = user.end()
    check(f"{what}: ^C", restored and status == 130, (status, restored, user.seen))


def not_a_terminal(husk, options, root, what):
    process = subprocess.run([husk, "run", "-t", *options, root, "true"], stdin=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, timeout=PATIENCE)
    check(what, process.returncode == 125 and b"standard input is not a terminal" in process.stderr,
          (process.returncode, process.stderr))


def nobody_reads(husk, options, root, what):
    """A terminal that takes nothing, and a payload that writes: SIGTERM ends both."""
    user = User(husk, options, root, ["sh", "-c", "echo ready; exec yes"])
    user.wait_for(b"ready")
    time.sleep(1)
    user.process.send_signal(signal.SIGTERM)
    try:
        status = user.process.wait(10)
    except subprocess.TimeoutExpired:
        status = "does not end"
        user.process.kill()
        user.process.wait()
    check(what, status == 143, status)
    os.close(user.slave)
    os.close(user.master)


def resized_at_the_end(husk, options, root, what):
    """The payload has written and ended while nobody read: a window of another size is no reason to lose that."""
    user = User(husk, options, root, ["sh", "-c", "echo ready; read x; head -c 100000 /dev/zero | tr '\\0' x; echo whole"])
    user.wait_for(b"ready")
    user.type(b"\n")
    for rows in range(30, 36):
        time.sleep(0.2)
        fcntl.ioctl(user.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
    user.wait_for(b"whole")
    status, restored = user.end()
    check(what, status == 0 and restored and user.seen.count(b"x") == 100000, (status, restored, user.seen.count(b"x")))


def hangs_up(husk, options, root, what):
    """The terminal goes, which the kernel tells the leader of its session only: husk, and through it the payload."""
    for own in ((), ("-t",)):
        user = User(husk, options, root, ["sh", "-c", "echo ready; exec sleep 1000"], own=own)
        user.wait_for(b"ready")
        os.close(user.slave)
        os.close(user.master)
        try:
            status = user.process.wait(10)
        except subprocess.TimeoutExpired:
            status = "does not end"
            user.process.terminate()
            user.process.wait()
        check(f"{what} {' '.join(own)}", status == 129, status)


class Job:
    """husk as a job of a shell with job control, which is the test's child."""

    def __init__(self, husk, options, root, command, foreground=True):
        self.master, slave = pty.openpty()
        # What a shell does: a session, a process group for the job, the terminal to it; then "stopped" or "ended N".
        shell = f'''
import os, signal, sys, termios, time
os.setsid(); os.close(os.open(os.ttyname(0), os.O_RDWR))
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    if {foreground}: os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv({husk!r}, {[husk, "run", *options, root, *command]!r})
print("job", job, flush=True)
while True:
    _, status = os.waitpid(job, os.WUNTRACED)
    if os.WIFEXITED(status):
        os.tcsetpgrp(0, os.getpgrp())
        print("ended", os.WEXITSTATUS(status), flush=True); break
    if os.WIFSTOPPED(status):
        os.tcsetpgrp(0, os.getpgrp())
        print("stopped", flush=True)
        time.sleep(1)  # whoever else reads has the line by then
        print("the shell read", sys.stdin.readline().strip(), flush=True)
        print("foreground", flush=True)
        os.tcsetpgrp(0, job); os.killpg(job, signal.SIGCONT)
'''
        self.process = subprocess.Popen([sys.executable, "-c", shell], stdin=slave, stdout=slave, stderr=slave)
        self.slave = slave
        self.seen = b""
        os.set_blocking(self.master, False)

    look = User.look
    wait_for = User.wait_for
    type = User.type

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.slave)
        os.close(self.master)


def stops(husk, options, root):
    """^Z stops husk and its payload; what is typed meanwhile is the shell's; both go on."""
    command = "echo ready; read x; echo payload=$x; read y; echo payload=$y; exit 6"
    with contextlib.closing(Job(husk, options, root, ["sh", "-c", command])) as job:
        job.wait_for(b"ready")
        job.type(b"one\n")
        job.wait_for(b"payload=one")
        job.type(b"\x1a")
        job.wait_for(b"stopped")
        job.type(b"mine\n")
        job.wait_for(b"the shell read mine")
        job.wait_for(b"foreground")
        job.type(b"two\n")
        job.wait_for(b"payload=two")
        job.wait_for(b"ended 6")


def cpu_time(pid):
    """Of a process and its descendants, in ticks."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = file.read().split()
    return int(fields[11]) + int(fields[12]) + sum(cpu_time(int(child)) for child in children)


def starts_in_background(husk, options, root, what):
    """With -t in the background husk is stopped when it wants to make the terminal raw, and costs nothing meanwhile."""
    command = ["sh", "-c", "echo in front; exit 6"]
    with contextlib.closing(Job(husk, ["-t", *options], root, command, foreground=False)) as job:
        job.wait_for(b"stopped")
        husks = int(job.seen.split(b"job ")[1].split()[0])
        before = cpu_time(husks)
        time.sleep(1)
        used = cpu_time(husks) - before
        check(f"{what}: processor time", used < os.sysconf("SC_CLK_TCK") / 4, used)
        job.type(b"mine\n")
        job.wait_for(b"in front")
        job.wait_for(b"ended 6")


def main():
    husk, root, kind = sys.argv[1:4]
    options = {"ring3": ["--guest-ring", "3"], "ring0": ["--guest-ring", "0"], "jail": ["--jail", "full"],
               "namespace": ["--isolation", "namespace"]}[kind]
    count = "head -c 30000 >/tmp/got; echo sum $(wc -c </tmp/got) $(uniq /tmp/got | wc -l); stty sane; echo done"
    tests = {
        "pasted lines": lambda what: paste(husk, options, root, what, f"stty -echo; echo ready; sleep 1; {count}"),
        "pasted to a raw terminal": lambda what: paste(husk, options, root, what,
                                                       f"stty raw -echo; echo ready; sleep 1; {count}"),
        "a payload that leaves its terminal raw": lambda what: leaves_it_raw(husk, options, root, what),
        "-t with standard output elsewhere": lambda what: output_elsewhere(husk, options, root, what),
        "keys": lambda what: keys(husk, options, root, what),
        "-t without a terminal": lambda what: not_a_terminal(husk, options, root, what),
        "^Z without -t": lambda _: stops(husk, options, root),
        "-t in the background": lambda what: starts_in_background(husk, options, root, what),
        "nobody reads": lambda what: nobody_reads(husk, options, root, what),
        "a resized window at the end": lambda what: resized_at_the_end(husk, options, root, what),
        "a hang-up": lambda what: hangs_up(husk, options, root, what),
    }
    for what, test in tests.items():
        try:
            test(what)
        except AssertionError as error:
            check(what, False, error)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
