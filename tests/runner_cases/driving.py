"""Runs a host line on pipes or on a terminal, has the dialogue with it, and collects what it said."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from case import Seen

CLOSED = b""


class Driven:
    """A process, what can be sent to it, and what it has written so far."""

    def __init__(self, case, environment, directory):
        self.deadline = time.monotonic() + case.seconds
        self.searched = 0
        # A session of its own, signals as a login shell would have them, whatever this script was started with.
        line = ["setsid"] + (["--ctty"] if case.pty else []) + ["env", "--default-signal", "bash", "-c", case.host]
        options = {"env": environment, "cwd": directory}
        if case.pty:
            master, slave = pty.openpty()
            set_size(master, 24, 80)
            self.process = subprocess.Popen(line, stdin=slave, stdout=slave, stderr=slave, **options)
            os.close(slave)
            self.input = master
            self.outputs = {master: "out"}
        else:
            self.process = subprocess.Popen(line, stdin=subprocess.PIPE if case.stdin else subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
            self.input = self.process.stdin.fileno() if case.stdin else None
            self.outputs = {self.process.stdout.fileno(): "out", self.process.stderr.fileno(): "err"}
        self.texts = {"out": b"", "err": b""}

    def read_some(self, seconds):
        """False when nothing can come any more."""
        if not self.outputs:
            return False
        for stream in select.select(list(self.outputs), [], [], max(seconds, 0))[0]:
            try:
                data = os.read(stream, 65536)
            except OSError:  # EIO: nobody has the other end of the terminal any more
                data = CLOSED
            if data == CLOSED:
                del self.outputs[stream]
            else:
                self.texts[self.outputs[stream]] += data
        return bool(self.outputs)

    def left(self):
        return self.deadline - time.monotonic()

    def wait_for(self, text):
        while True:
            at = self.texts["out"].find(text.encode(), self.searched)
            if at >= 0:
                self.searched = at + len(text)
                return
            if self.left() <= 0 or not self.read_some(min(self.left(), 0.5)):
                raise TimeoutError(f"no {text!r}")

    def step(self, what, *arguments):
        if what == "wait":
            self.wait_for(*arguments)
        elif what == "send":
            self.send(*arguments)
        elif what == "signal":
            os.kill(self.process.pid, getattr(signal, "SIG" + arguments[0]))
        elif what == "signal-group":
            os.killpg(self.process.pid, getattr(signal, "SIG" + arguments[0]))
        elif what == "resize":
            set_size(self.input, *arguments)
        elif what == "sleep":
            end = time.monotonic() + arguments[0]
            while time.monotonic() < end and self.read_some(end - time.monotonic()):
                pass
        elif what == "close":
            self.process.stdin.close()
        elif what == "hangup":
            os.close(self.input)
            self.outputs, self.input = {}, None
        else:
            raise ValueError(what)

    def send(self, data):
        """All of it; what is echoed meanwhile is read, or both sides would wait for each other."""
        while data and self.left() > 0:
            _, writable, _ = select.select([], [self.input], [], 0)
            if writable:
                data = data[os.write(self.input, data[:256]):]
            self.read_some(0 if writable else 0.05)

    def finish(self):
        """The status, once the process has ended and nobody holds its streams."""
        while self.left() > 0 and self.read_some(min(self.left(), 0.5)):
            pass
        while self.process.poll() is None and self.left() > 0:
            time.sleep(0.005)
        if self.process.poll() is None or self.outputs:
            raise TimeoutError("still there" if self.process.poll() is None else "ended, but its output is still open")
        return self.process.returncode

    def end(self):
        for kill in (os.killpg, os.kill):
            try:
                kill(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr, self.process.stdin):
            if stream and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass
        if self.process.stdout is None and self.input is not None:
            os.close(self.input)


def set_size(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def without_words_of_runners(text):
    """A runner's own error is its own business; that there is one is not."""
    lines = [("(runner's error)" if re.match(r'(\x1b\[[0-9;]*m)*husk:|time="|runc run failed|ERRO\[|container_linux|exec [/"]', line)
              else line) for line in text.split("\n")]
    return "\n".join(line for at, line in enumerate(lines) if line != "(runner's error)" or line not in lines[:at])


def drive(case, environment, directory):
    driven = Driven(case, environment, directory)
    try:
        for step in case.dialogue:
            driven.step(*step)
        code = driven.finish()
        status = str(code) if code >= 0 else "SIG" + signal.Signals(-code).name[3:]
    except (TimeoutError, ProcessLookupError, BrokenPipeError) as error:
        status = f"hangs: {error}" if isinstance(error, TimeoutError) else f"ended too early: {error.strerror}"
    finally:
        driven.end()
    out, err = (driven.texts[name].decode(errors="backslashreplace") for name in ("out", "err"))
    if case.pty:
        # runc takes ONLCR from its terminal a little after the start, so a first line may end with two carriage returns.
        out = re.sub(r"\[(\d+)\] \d+", r"[\1] PID", without_words_of_runners(re.sub(r"\r+\n", "\n", out)))
    return Seen(status, out, without_words_of_runners(err))
