"""The runners. Each writes a program `run` for a case, which the case's host line finds first in PATH."""

import json
import os
import shlex
import subprocess

# What Docker gives a container, and husk its namespaced payload: with the three of `runc spec` no su could work.
CAPABILITIES = ["CAP_" + name for name in (
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT").split()]
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def make_launcher(work):
    """What every `run` is a link to. A program that was written while another thread forks would be busy: ETXTBSY."""
    with open(os.path.join(work, "launcher"), "w") as file:
        file.write('#!/bin/sh\n. "$0.words"\n')
    os.chmod(os.path.join(work, "launcher"), 0o755)


def write_program(directory, words):
    with open(os.path.join(directory, "run.words"), "w") as file:
        file.write("exec " + " ".join(words) + "\n")
    os.symlink(os.path.join(directory, "../../launcher"), os.path.join(directory, "run"))


class Husk:
    def __init__(self, husk, isolation, name=None):
        self.husk, self.isolation, self.name = husk, isolation, name or isolation

    def prepare(self, case, root, directory):
        words = [self.husk, "run", "--isolation", self.isolation]
        words += ["-t"] if case.tty else []
        words += ["-u", case.user] if case.user else []
        words += ["-w", case.cwd] if case.cwd else []
        for variable in case.env:
            words += ["-e", variable]
        words += case.options
        write_program(directory, map(shlex.quote, words + [root] + case.argv()))

    def tidy(self, directory):
        pass


class Runc:
    name = "runc"

    def __init__(self, state):
        self.state = state
        spec = os.path.join(state, "spec")
        os.makedirs(spec)
        subprocess.run(["runc", "spec"], cwd=spec, check=True, timeout=20)
        with open(os.path.join(spec, "config.json")) as text:
            self.spec = json.load(text)

    def config(self, case, root):
        config = json.loads(json.dumps(self.spec))
        process = config["process"]
        process["terminal"] = case.tty
        process["args"] = case.argv()
        process["env"] = [PATH, "HOSTNAME=husk"] + (["TERM=xterm"] if case.tty else []) + list(case.env)
        process["cwd"] = case.cwd or "/"
        process["capabilities"] = {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")}
        if case.user:
            uid, _, gid = case.user.partition(":")
            gid = int(gid or uid)  # who is alone is asked of the image's passwd, which has the same number twice
            process["user"] = {"uid": int(uid), "gid": gid, "additionalGids": [gid]}
            # As the kernel does it when root becomes somebody else.
            process["capabilities"]["effective"] = process["capabilities"]["permitted"] = []
        config["root"] = {"path": root, "readonly": False}
        config["hostname"] = "husk"
        if case.config:
            case.config(config)
        return config

    def prepare(self, case, root, directory):
        """The root is an overlay, so that a case can write and the next one does not see it."""
        for name in ("upper", "work", "root"):
            os.mkdir(os.path.join(directory, name))
        merged = os.path.join(directory, "root")
        options = f"lowerdir={root},upperdir={directory}/upper,workdir={directory}/work"
        subprocess.run(["mount", "-t", "overlay", "-o", options, "runner-case", merged], check=True, timeout=20)
        with open(os.path.join(directory, "config.json"), "w") as text:
            json.dump(self.config(case, merged), text)
        # The name of the container must be one of its own for each time that a host line runs it.
        words = ["runc", "--root", shlex.quote(os.path.join(directory, "state")), "run", "--bundle", shlex.quote(directory),
                 f"husk-case-{os.path.basename(os.path.dirname(directory))}-{os.getpid()}-$$"]
        write_program(directory, words)

    def tidy(self, directory):
        """A host line that has been killed leaves its container."""
        state = os.path.join(directory, "state")
        for name in os.listdir(state) if os.path.isdir(state) else []:
            subprocess.run(["runc", "--root", state, "delete", "--force", name], capture_output=True, timeout=60)
        subprocess.run(["umount", "--lazy", os.path.join(directory, "root")], timeout=20)
