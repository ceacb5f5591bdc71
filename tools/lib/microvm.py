"""QEMU's microvm machine with the guest kernel in it, on QEMU's own processor (docs/pvh.md)."""


def command(kernel, image, words, memory=64, log="null", streams=("null", "null", "null")):
    """The words of a command that boots `kernel` with the root `image`; `words` is the kernel's command line, `memory` MiB. The log and the
    payload's standard streams are QEMU's character devices: "null", or "file,path=PATH". Its status is 2n + 3 for the payload's n."""
    consoles = []
    for number, backend in enumerate(streams):
        consoles += ["-chardev", f"{backend},id=stream{number}", "-device", f"virtio-serial-device,id=s{number},max_ports=1",
                     "-device", f"virtconsole,bus=s{number}.0,chardev=stream{number}"]
    return ["qemu-system-x86_64", "-M", "microvm,acpi=off,isa-serial=off,accel=tcg", "-cpu", "max", "-m", str(memory), "-initrd", image,
            "-nodefaults", "-no-user-config", "-nographic", "-no-reboot", "-global", "virtio-mmio.force-legacy=false",
            "-kernel", kernel, "-append", f"husk.exit=0x501 console=debugcon {words}", "-device", "isa-debug-exit,iobase=0x501,iosize=1",
            "-chardev", f"{log},id=log", "-device", "isa-debugcon,iobase=0xe9,chardev=log", *consoles]
