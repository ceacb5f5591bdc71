"""What the tests here share: a root file system with the probe in it, runs of the probe, and what it printed."""

import ctypes
import os
import pty
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
PROBE_SECONDS = 100

# What the OCI runtime specification and runc give every container: null zero full random urandom tty console ptmx pts.
DEFAULT_DEVICES = {"c 1:3", "c 1:5", "c 1:7", "c 1:8", "c 1:9", "c 5:0", "c 5:1", "c 5:2"}


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED)


def device_of(path):
    """"c 1:3" of a device node, or None."""
    status = os.lstat(path)
    kind = "c" if stat.S_ISCHR(status.st_mode) else "b" if stat.S_ISBLK(status.st_mode) else None
    return kind and f"{kind} {os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"


def host_devices():
    """Of the nodes below /dev, and the block devices without one, the first of each driver, as "c 1:3"."""
    found = set()
    for directory, _, names in os.walk("/dev"):
        for name in names:
            device = device_of(os.path.join(directory, name))
            if device and "watchdog" not in name:  # opened, it would start
                found.add((device[0], *map(int, device[2:].split(":"))))
    with open("/proc/partitions") as partitions:
        for words in map(str.split, partitions):
            if len(words) == 4 and words[0].isdigit():
                found.add(("b", int(words[0]), int(words[1])))
    # All of memory's and the miscellaneous ones, which are a driver each. Terminals are enough: a virtual console that is
    # opened is made.
    firsts = {(kind, major): min(minor for k, m, minor in found if (k, m) == (kind, major)) for kind, major, _ in found}
    return {f"{kind} {major}:{minor}" for kind, major, minor in found
            if (kind, major) in (("c", 1), ("c", 5), ("c", 10)) and (kind, major, minor) != ("c", 10, 130)
            or minor == firsts[kind, major] and (kind, major) != ("c", 136)}


def join_session_keyring():
    """A session of the test's own, with a key in it: what a payload must not have. Returns its number, or -1."""
    libc = ctypes.CDLL(None, use_errno=True)
    keyctl, add_key, join, session = 250, 248, 1, -3
    number = libc.syscall(keyctl, join, None)
    if number >= 0:
        libc.syscall(add_key, b"user", b"husk-probe", b"secret", 6, session)
    return number


class Workspace:
    """A directory with a root file system: the probe, and device nodes that an image might bring along."""

    IMAGE_DEVICES = ["c 1:1", "c 1:3", "c 1:5", "c 1:11", "c 5:1", "c 10:232"]

    def __init__(self, probe):
        candidates = [tempfile.gettempdir(), "/var/tmp", os.getcwd()]
        usable = [path for path in candidates if os.path.isdir(path) and not os.statvfs(path).f_flag & os.ST_NODEV]
        if not usable:
            skip("no directory in which device nodes could be opened: " + " ".join(candidates))
        self.path = tempfile.mkdtemp(prefix="husk-parity-", dir=usable[0])
        os.chmod(self.path, 0o755)
        self.root = os.path.join(self.path, "root")
        for name in ("", "bin", "dev", "etc", "image-devices", "proc", "sys", "tmp"):
            os.makedirs(os.path.join(self.root, name), exist_ok=True)
        os.chmod(os.path.join(self.root, "tmp"), 0o1777)
        with open(os.path.join(self.root, "etc/passwd"), "w") as users:
            users.write("root:x:0:0:root:/root:/bin/sh\n")
        shutil.copy(probe, os.path.join(self.root, "bin/probe"))
        disks = sorted(device for device in host_devices() if device.startswith("b"))
        for device in self.IMAGE_DEVICES + disks[:1]:
            kind, numbers = device.split()
            node = os.path.join(self.root, "image-devices", device.replace(" ", "-").replace(":", "-"))
            os.mknod(node, (stat.S_IFBLK if kind == "b" else stat.S_IFCHR) | 0o666,
                     os.makedev(*map(int, numbers.split(":"))))
            os.chmod(node, 0o666)  # whatever the umask is

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)


def probe_command(session_keyring):
    """The argument vector of a probe that is to run in a container."""
    kinds = [name for name in sorted(os.listdir("/proc/self/ns")) if not name.endswith("_for_children")]
    command = ["/bin/probe", "image-devices=/image-devices", f"session-keyring={session_keyring}"]
    command += ["namespace=" + os.readlink("/proc/self/ns/" + kind) for kind in kinds]
    return command + ["device=" + device for device in sorted(host_devices())]


def call_names():
    """Names of the system calls that the profile in vmm/runner was written against, by number."""
    names = {}
    for header in ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"):
        if os.path.exists(header):
            with open(header) as text:
                names.update((number, name) for name, number in re.findall(r"#define __NR_(\w+)\s+(\d+)", text.read()))
    return {number: name for number, name in names.items() if int(number) <= 450}


def parse(command, status, output, errors):
    """What a probe printed, {"topic: subject": value}."""
    found, names = {}, call_names()
    for line in output.splitlines():
        words = line.split("\t")
        if len(words) != 3:
            sys.exit(f"FAILED: {' '.join(command[:6])} ...: what is this? {line}")
        topic, subject, value = words
        if topic == "system call":
            subject = names.get(subject, subject)
        found[f"{topic}: {subject}"] = value
    if status != 0 or found.get("probe: complete") != "yes":
        sys.exit(f"FAILED: {' '.join(command[:6])} ...: status {status}, {len(found)} facts\n{errors}")
    return found


def facts(command, **options):
    """Runs a container's command, whose payload is a probe."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, input="",
                          timeout=PROBE_SECONDS, errors="replace", **options)
    return parse(command, done.returncode, done.stdout, done.stderr)


def facts_with_terminal(command):
    """The same on a terminal of its own, with all three streams."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(command[0], command)
    output, deadline = b"", time.monotonic() + PROBE_SECONDS
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            try:
                output += os.read(terminal, 65536)
            except OSError:  # EIO: nobody has the other end any more
                break
    else:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return parse(command, status, output.decode(errors="replace"), "")
