"""husk's options that docker has, too, against runc with the configuration that docker makes of them."""

from case import Case


def tmpfs(place, *options):
    """docker --tmpfs: nosuid, nodev and noexec are what it always begins with."""
    flags = ["noexec", "nosuid", "nodev"]
    return lambda config: config["mounts"].append(
        {"destination": place, "type": "tmpfs", "source": "tmpfs", "options": flags + list(options)})


def read_only(config):
    config["root"]["readonly"] = True


def limit(name, soft, hard):
    def change(config):
        rows = [row for row in config["process"]["rlimits"] if row["type"] != name]
        config["process"]["rlimits"] = rows + [{"type": name, "soft": soft, "hard": hard}]
    return change


def user(uid, gid, *groups):
    """What docker looks up in the image for --user."""
    def change(config):
        config["process"]["user"] = {"uid": uid, "gid": gid, "additionalGids": [gid] + list(groups)}
        if uid != 0:
            config["process"]["capabilities"]["effective"] = config["process"]["capabilities"]["permitted"] = []
    return change


def together(*changes):
    def change(config):
        for one in changes:
            one(config)
    return change


WHO = "grep -E '^(Uid|Gid|Groups|CapEff|CapPrm):' /proc/self/status; echo $HOME"

CASES = [
    Case("options/user-by-name", "issue 14", WHO, options=("-u", "user"), config=user(1000, 1000)),
    Case("options/user-and-group-by-name", "issue 14", WHO, options=("-u", "user:daemon"), config=user(1000, 1)),
    Case("options/root-by-name", "issue 14", WHO, options=("-u", "root"), config=user(0, 0)),
    Case("options/tmpfs", "issue 14", "stat -c '%a %u %g' /run; grep ' /run ' /proc/mounts | cut -d' ' -f1-3; mount | grep -c ' /run '; "
         "touch /run/x && echo made; df /run | tail -n 1 | awk '{print $2}'",
         options=("--tmpfs", "/run:size=64k"), config=tmpfs("/run", "size=64k")),
    Case("options/tmpfs-full", "issue 14", "head -c 100000 /dev/zero >/run/x; echo $?; wc -c </run/x; rm /run/x; echo y >/run/y && cat /run/y",
         options=("--tmpfs", "/run:size=64k"), config=tmpfs("/run", "size=64k")),
    Case("options/tmpfs-missing-directory", "issue 14", "stat -c '%a %u' /new /new/place",
         options=("--tmpfs", "/new/place"), config=tmpfs("/new/place")),
    Case("options/tmpfs-mode-and-owner", "issue 14", "stat -c '%a %u %g' /run",
         options=("--tmpfs", "/run:mode=711,uid=5,gid=6"), config=tmpfs("/run", "mode=711", "uid=5", "gid=6")),
    Case("options/tmpfs-noexec", "issue 14", "cp /bin/busybox /run/b; /run/b true; echo $?",
         options=("--tmpfs", "/run"), config=tmpfs("/run")),
    Case("options/tmpfs-exec", "issue 14", "cp /bin/busybox /run/b; /run/b true; echo $?",
         options=("--tmpfs", "/run:exec"), config=tmpfs("/run", "exec")),
    Case("options/read-only", "issue 14", "touch /x; echo $?; mkdir /etc/d; echo $?; rm /etc/passwd; echo $?; chmod 0 /etc/passwd; echo $?; "
         "echo x >/dev/shm/x && echo shared; echo x >/dev/null && echo device; [ -w /etc/passwd ]; echo $?",
         options=("--read-only",), config=read_only),
    Case("options/read-only-with-tmpfs", "issue 14", "touch /run/x && echo made; touch /x; echo $?; pwd",
         options=("--read-only", "--tmpfs", "/run"), cwd="/missing", config=together(read_only, tmpfs("/run"))),
    Case("options/limit-files", "issue 14", "ulimit -n; ulimit -Hn", options=("--ulimit", "nofile=100:200"),
         config=limit("RLIMIT_NOFILE", 100, 200)),
    Case("options/limit-core-and-stack", "issue 14", "ulimit -c; ulimit -Hc; ulimit -s", options=("--ulimit", "core=0", "--ulimit", "stack=4194304"),
         config=together(limit("RLIMIT_CORE", 0, 0), limit("RLIMIT_STACK", 4194304, 4194304))),
    Case("options/limit-file-size", "issue 14", "head -c 5000 /dev/zero >/tmp/x; echo $?; wc -c </tmp/x", options=("--ulimit", "fsize=1024"),
         config=limit("RLIMIT_FSIZE", 1024, 1024)),
]
