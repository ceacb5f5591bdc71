#!/usr/bin/env python3
"""What a user of `husk run -t` sees who sits at a terminal: terminal_test.py HUSK ROOT KIND

KIND: ring3, ring0 (in the VM), namespace. The terminal is a pseudo-terminal of the test's."""
import os
import pty
import select
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

    def __init__(self, husk, options, root, command, stdout=None):
        self.master, slave = pty.openpty()
        self.slave = slave
        self.before = termios.tcgetattr(slave)
        self.seen = b""

        def own_terminal():
            os.setsid()
            os.close(os.open(os.ttyname(0), os.O_RDWR))  # becomes the controlling terminal

        self.process = subprocess.Popen([husk, "run", "-t", *options, root, *command], stdin=slave,
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


def main():
    husk, root, kind = sys.argv[1:4]
    options = {"ring3": ["--guest-ring", "3"], "ring0": ["--guest-ring", "0"],
               "namespace": ["--isolation", "namespace"]}[kind]
    count = "head -c 30000 >/tmp/got; echo sum $(wc -c </tmp/got) $(uniq /tmp/got | wc -l); stty sane; echo done"
    tests = {
        "pasted lines": lambda what: paste(husk, options, root, what, f"stty -echo; echo ready; sleep 1; {count}"),
        "pasted to a raw terminal": lambda what: paste(husk, options, root, what,
                                                       f"stty raw -echo; echo ready; sleep 1; {count}"),
    }
    for what, test in tests.items():
        try:
            test(what)
        except AssertionError as error:
            check(what, False, error)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
