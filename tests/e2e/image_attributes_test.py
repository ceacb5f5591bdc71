#!/usr/bin/env python3
"""Extended attributes and file capabilities of an image that mkfs.erofs made: what a payload sees of them, before and after
changes, is the same under the guest kernel (in QEMU's microvm machine, in both rings) as on Linux in the directory that the image was
made of: image_attributes_test.py HUSK PROGRAM. Ends with 77 where something that is needed is not there."""
import os
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # this is the source tree
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/lib"))
import microvm  # noqa: E402

LIMIT = 120  # seconds for one run: QEMU's own processor is slow

NET_RAW, CHOWN = 1 << 13, 1 << 0
EFFECTIVE = 0x02000001
CAPABILITIES = {
    "program": (EFFECTIVE, NET_RAW, 0, 0, 0),
    "inheritable": (0x02000000, 0, CHOWN, 0, 0),
    "demanding": (EFFECTIVE, NET_RAW | CHOWN, 0, 1 << 8, 0),
    "shorter": (EFFECTIVE, NET_RAW, 0, 0, 0),
}


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def make_root(root, program):
    os.makedirs(root + "/data/dir")
    os.makedirs(root + "/proc")
    shutil.copy(program, root + "/list_attributes")
    for name in ("file", "second", "plain", "dir/below"):
        with open(f"{root}/data/{name}", "w", encoding="ascii") as file:
            file.write("text\n")
    for name in CAPABILITIES:
        shutil.copy(program, root + "/data/" + name)
    try:
        for name in ("file", "second", "dir", "dir/below"):
            os.setxattr(f"{root}/data/{name}", "user.colour", b"red")
            os.setxattr(f"{root}/data/{name}", "user.empty", b"")
        os.setxattr(root + "/data/file", "user.long", b"v" * 3000)
        os.setxattr(root + "/data/file", "user." + "n" * 250, b"1")
        os.setxattr(root + "/data/second", "security.other", b"\0\1")
        for name, words in CAPABILITIES.items():
            os.setxattr(f"{root}/data/{name}", "security.capability", struct.pack("<5I", *words))
    except OSError as error:
        skip(f"no extended attributes here: {error}")


def on_linux(root):
    """Not by husk's namespaced runner, whose payload has no_new_privs, and so no capabilities of a file."""
    script = 'mount --make-rprivate / && mount -t proc proc "$0/proc" && exec chroot "$0" /list_attributes'
    return subprocess.run(["unshare", "-m", "-p", "-f", "--kill-child", "sh", "-c", script, root], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=LIMIT, check=True).stdout.decode("latin-1")


def under_qemu(work, image, ring):
    files = {name: f"{work}/{name}" for name in ("log", "out", "err")}
    for path in files.values():
        with open(path, "wb"):
            pass
    subprocess.run(microvm.command(work + "/kernel", image, f"husk.ring={ring} init=/list_attributes", memory=128,
                                   log=f"file,path={files['log']}", streams=("null", f"file,path={files['out']}", f"file,path={files['err']}")),
                   stdin=subprocess.DEVNULL, timeout=LIMIT, check=False)
    said = {}
    for name, path in files.items():
        with open(path, encoding="latin-1") as file:
            said[name] = file.read()
    return said["out"], said["err"] + said["log"]


def main():
    husk, program = sys.argv[1:]
    for needed in ("qemu-system-x86_64", "mkfs.erofs"):
        if not shutil.which(needed):
            skip("no " + needed)
    if os.geteuid() != 0:
        skip("only root can give capabilities to files")
    failures = 0
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        root = work + "/root"
        make_root(root, program)
        subprocess.run([husk, "kernel", work + "/kernel"], check=True, timeout=LIMIT)
        images = {}
        # What many inodes have is stored once; or each inode has its own.
        for options in ("-x1", "-x1000"):
            images[options] = f"{work}/image{options}"
            subprocess.run(["mkfs.erofs", "--quiet", options, images[options], root], check=True, timeout=LIMIT,
                           stdout=subprocess.DEVNULL)
        expected = on_linux(root)
        for part in ("user.long", "CapEff:\t0000000000002000", "CapEff:\t0000010000002001", "user.new"):
            if part not in expected:
                failures += 1
                print(f"FAILED: Linux does not say '{part}':\n{expected}")
        for options, image in images.items():
            for ring in (3, 0):
                said, errors = under_qemu(work, image, ring)
                if said != expected:
                    failures += 1
                    print(f"FAILED: mkfs.erofs {options}, ring {ring}: Linux said\n{expected}\nhusk said\n{said}\n{errors}")
    print("all passed" if failures == 0 else f"{failures} failed")
    sys.exit(failures != 0)


main()
