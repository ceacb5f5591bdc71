#!/usr/bin/env python3
"""What a running VMM holds, read from /proc and compared with what docs/isolation.md says it holds.

vmm_holds_test.py HUSK ROOT PAGE

The page's tables are the expectation: a row that the page has and the VMM has not, or the reverse, fails. `husk compare`
reads the system call filter that is in force back from the kernel. Exit status 77: cannot be run here.
"""
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HUSK, ROOT, PAGE = sys.argv[1:4]
FIRST_USER, LAST_USER = 0x70000000, 0x7FFFFFFF  # vmm/sandbox/identity.h
OWN_ADDRESS_SPACE = 512 << 20  # vmm/sandbox/limits.h
MEMORY_MIB = 64  # what a VM has without -m, which would be refused below where the host gives no control group
OTHER_USER = 12345
HIGH_DESCRIPTOR = 200
SECRET = "this-is-a-secret-of-the-caller"
NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"]
failures = 0


def expect(what, wanted, got):
    global failures
    if wanted == got:
        return
    failures += 1
    print(f"FAILED {what}:\n  the page says {wanted}\n  the VMM has   {got}")


def table_below(heading):
    """Rows of the first table below a heading of the page, as lists of cells."""
    lines = open(PAGE, encoding="utf-8").read().split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("#") and line.strip("# ") == heading)
    rows = []
    for line in lines[start + 1:]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[0], rows[2:]


def status_field(pid, name):
    """The same in every thread: one that has more than the others is all that an attacker needs."""
    values = set()
    for thread in os.listdir(f"/proc/{pid}/task"):
        for line in open(f"/proc/{pid}/task/{thread}/status"):
            if line.startswith(name + ":"):
                values.add(line.split(":", 1)[1].strip())
    return values.pop().split() if len(values) == 1 else [f"{name} differs between threads: {values}"]


def children_of(pid):
    return [int(word) for word in open(f"/proc/{pid}/task/{pid}/children").read().split()]


def descriptors(pid):
    """Names of the open descriptors above 2: the kernel's, or "--stats" for a file of that run."""
    names = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        target = os.readlink(f"/proc/{pid}/fd/{fd}")
        if int(fd) > 2:
            names.add("the file of --stats" if target.endswith("stats.json") else target)
    return names


def limit(pid, name):
    for line in open(f"/proc/{pid}/limits"):
        if line.startswith(name):
            soft, hard = line[len("Max realtime timeout     "):].split()[:2]
            return soft if soft == hard else f"{soft} to {hard}"
    return None


class Vmm:
    """A `husk run` whose payload waits, and the process in it that has a vCPU."""

    def __init__(self, options, user):
        self.user = user
        self.scratch = tempfile.mkdtemp()
        os.chmod(self.scratch, 0o755)
        cache = os.path.join(self.scratch, "cache")
        os.mkdir(cache, 0o700)
        if user:
            os.chown(self.scratch, user, user)
            os.chown(cache, user, user)
        # Copies, so that another user can reach them wherever this tree lies.
        root = os.path.join(self.scratch, "root")
        os.makedirs(os.path.join(root, "bin"))
        shutil.copy(os.path.join(ROOT, "bin/busybox"), os.path.join(root, "bin/sh"))
        husk = shutil.copy(HUSK, self.scratch)
        options = [option.replace("STATS", os.path.join(self.scratch, "stats.json")) for option in options]
        # That husk's caller forgot to close: below and above those that husk opens.
        self.inherited = [os.open("/etc/hostname", os.O_RDONLY)]
        self.inherited.append(fcntl.fcntl(self.inherited[0], fcntl.F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR))
        self.groups = [os.stat("/dev/kvm").st_gid]
        become = {"extra_groups": self.groups, **({"user": user, "group": user} if user else {})}
        self.husk = subprocess.Popen(
            ["timeout", "120", husk, "run", *options, root, "/bin/sh", "-c",
             "echo ready; read line"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=self.inherited,
            env={**os.environ, "HUSK_CACHE_DIR": cache, "SECRET": SECRET}, **become)
        assert self.husk.stdout.readline() == b"ready\n", "the payload did not start"
        self.pid = self.vcpu_below(self.husk.pid)
        self.before = {name: os.readlink(f"/proc/self/ns/{name}") for name in NAMESPACES}

    def vcpu_below(self, pid):
        for child in children_of(pid):
            if any("kvm-vcpu" in name for name in descriptors(child)):
                return child
            found = self.vcpu_below(child)
            if found:
                return found
        return None

    def end(self):
        self.husk.stdin.write(b"\n")
        self.husk.stdin.close()
        status = self.husk.wait(timeout=60)
        self.husk.stdout.close()
        for descriptor in self.inherited:
            os.close(descriptor)
        subprocess.run(["rm", "-rf", self.scratch], check=True)
        expect("exit status", 0, status)

    # One fact for each row of the page's table, by the row's title.
    def facts(self):
        pid = self.pid
        uid = {int(word) for word in status_field(pid, "Uid")}
        gid = {int(word) for word in status_field(pid, "Gid")}
        groups = [int(word) for word in status_field(pid, "Groups")]
        if len(uid) == 1 and uid == gid and FIRST_USER <= min(uid) <= LAST_USER:
            user = "a number of its own"
        elif uid == {self.user} and gid == {self.user}:
            user = "the caller's"
        else:
            user = f"{uid}:{gid}"
        mounts = len(open(f"/proc/{pid}/mountinfo").readlines())
        capabilities = {word for name in ("CapInh", "CapPrm", "CapEff", "CapAmb") for word in status_field(pid, name)}
        namespaces = [name for name in NAMESPACES if os.readlink(f"/proc/{pid}/ns/{name}") != self.before[name]]
        # proc_pid(5): the files of a process that is not dumpable belong to root, whoever it is.
        dumpable = os.stat(f"/proc/{pid}/fd").st_uid != 0
        return {
            "user and group": user,
            "supplementary groups": "the caller's" if self.user and groups == self.groups else str(groups or "none"),
            "capabilities": "none" if {int(word, 16) for word in capabilities} == {0} else str(capabilities),
            "root and working directory": self.root(),
            "mounts in sight": "its root" if mounts == 1 else "the host's" if mounts > 1 else "none",
            "namespaces of its own": ", ".join(namespaces) or "none",
            "no_new_privs": "yes" if status_field(pid, "NoNewPrivs") == ["1"] else "no",
            "seccomp": "a filter" if status_field(pid, "Seccomp") == ["2"] else "none",
            "can be traced or dumped by its user": "yes" if dumpable else "no",
            "RLIMIT_CORE": limit(pid, "Max core file size"),
            "RLIMIT_FSIZE": self.file_size(),
            "RLIMIT_NOFILE": "its highest descriptor + 1"
                             if limit(pid, "Max open files") == str(max(map(int, os.listdir(f"/proc/{pid}/fd"))) + 1)
                             else limit(pid, "Max open files"),
            "RLIMIT_AS": self.address_space(),
            "RLIMIT_NPROC": limit(pid, "Max processes") if self.user == 0 else "as it was",
        }

    def root(self):
        """Both: a working directory outside of the root leads to all of the host."""
        root, directory = (os.readlink(f"/proc/{self.pid}/{link}").replace(str(self.pid), "PID") for link in ("root", "cwd"))
        if directory != root:
            return f"{root}, and {directory}"
        if root != "/":
            return root
        options = open(f"/proc/{self.pid}/mountinfo").readline().split()[5].split(",")
        missing = {"ro", "nosuid", "nodev", "noexec"}.difference(options)
        same = os.path.samefile(f"/proc/{self.pid}/root", f"/proc/{self.pid}/cwd")
        entries = os.listdir(f"/proc/{self.pid}/root")
        return "an empty mount" if same and not missing and not entries else f"{entries}, lacks {missing}, {same}"

    def file_size(self):
        writes_a_file = "the file of --stats" in descriptors(self.pid)
        got = limit(self.pid, "Max file size")
        return "0, unless an output is a file" if (got == "0") != writes_a_file else got

    def address_space(self):
        """The guest's RAM, the image's file size in pages, and the VMM's own."""
        image = max((os.path.getsize(os.path.join(directory, name))
                     for directory, _, names in os.walk(self.scratch) for name in names if name.endswith(".erofs")),
                    default=0)
        wanted = (MEMORY_MIB << 20) + (image + 4095) // 4096 * 4096 + OWN_ADDRESS_SPACE
        got = limit(self.pid, "Max address space")
        return "the guest's memory and image + 512 MiB" if got == str(wanted) else f"{got} (and not {wanted})"

    def check_secret(self):
        """Neither the environment nor any writable memory of the VMM has what the payload was not given."""
        environ = open(f"/proc/{self.pid}/environ", "rb").read()
        expect("environment", "nothing but zeros", "nothing but zeros" if not environ.strip(b"\0") else "variables")
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:
            for line in open(f"/proc/{self.pid}/maps"):
                start, end = (int(word, 16) for word in line.split()[0].split("-"))
                if "rw" not in line.split()[1] or end - start > 256 << 20:
                    continue
                for at in range(start, end, 1 << 20):
                    try:
                        memory.seek(at)
                        found = SECRET.encode() in memory.read(min(1 << 20, end - at))
                    except OSError:
                        continue  # the vCPU's state, which has no pages of the process's
                    expect(f"a secret of the caller in {line.strip()}", False, found)


def check(column, options, user):
    heading, rows = table_below("What a running VMM holds")
    wanted = {row[0]: row[heading.index(column)] for row in rows}
    vmm = Vmm(options, user)
    try:
        facts = vmm.facts()
        expect(f"{column}: rows of the table", sorted(wanted), sorted(facts))
        for name in facts:
            expect(f"{column}: {name}", wanted.get(name), facts[name])
        check_descriptors(column, options, vmm)
        vmm.check_secret()
    finally:
        vmm.end()


def check_descriptors(column, options, vmm):
    _, rows = table_below("Descriptors")
    always = {re.sub("`", "", row[0]) for row in rows if row[2] == "always"}
    asked = {re.sub("`", "", row[0]) for row in rows if row[2] in options}
    streams = {"0, 1, 2"}
    expect(f"{column} {options}: descriptors", sorted((always | asked) - streams), sorted(descriptors(vmm.pid)))


def check_calls():
    _, rows = table_below("System calls in reach")
    wanted = sorted(re.sub("`", "", row[0]) for row in rows)
    with tempfile.TemporaryDirectory() as scratch:
        out = os.path.join(scratch, "out.json")
        subprocess.run(["timeout", "200", HUSK, "compare", "--measure", "isolation", "--with", "vm", "--json", out],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        facts = next(runner for runner in json.load(open(out))["runners"] if runner["name"] == "vm")["isolation_facts"]
    expect("system calls in reach, by husk compare", wanted, sorted(facts["reachable_names"]))
    expect("at most 25 of them", True, len(wanted) <= 25)
    expect("user of the VMM, by husk compare", True, FIRST_USER <= int(facts["user"]) <= LAST_USER)


def main():
    if os.geteuid() != 0:
        print("SKIPPED: needs root, to look into a VMM that is another user's")
        return 77
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("SKIPPED: no /dev/kvm")
        return 77
    check("as root", [], 0)
    check("as root", ["--stats", "STATS"], 0)
    check("as root", ["--stats", "STATS", "--kvm-stats"], 0)
    check("as root, `--jail full`", ["--jail", "full"], 0)
    check("as another user", [], OTHER_USER)
    check("as another user, `--jail full`", ["--jail", "full"], OTHER_USER)
    check_calls()
    print(f"{failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
