"""Container images for tests, byte by byte: tar headers that may lie, layers, OCI layouts, docker archives."""
import gzip
import hashlib
import io
import json
import os
import tarfile

BLOCK = 512


def header(name, size=0, kind=b"0", mode=0o644, target=b"", uid=0, gid=0, mtime=0, device=(0, 0), magic=b"ustar\x0000", size_field=None,
           checksum=None):
    """One header; `size_field` is what stands in the place of the size."""
    name = name.encode() if isinstance(name, str) else name
    target = target.encode() if isinstance(target, str) else target
    field = b"%011o\0" % size if size_field is None else size_field
    head = name[:100].ljust(100, b"\0") + b"%07o\0%07o\0%07o\0" % (mode, uid, gid) + field + b"%011o\0" % mtime
    tail = kind + target[:100].ljust(100, b"\0") + magic + b"\0" * 64 + b"%07o\0%07o\0" % device
    tail = tail.ljust(BLOCK - 156, b"\0")
    total = sum(head) + 8 * 32 + sum(tail)
    return head + (b"%06o\0 " % total if checksum is None else checksum) + tail


def padded(data):
    return data + b"\0" * (-len(data) % BLOCK)


def entry(name, data=b"", **more):
    return header(name, len(data), **more) + padded(data)


def directory(name, mode=0o755, **more):
    return header(name, kind=b"5", mode=mode, **more)


def pax_record(key, value):
    key = key.encode() if isinstance(key, str) else key
    value = value.encode() if isinstance(value, str) else value
    body = b" " + key + b"=" + value + b"\n"
    length = len(body)
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def pax(**records):
    return pax_raw(b"".join(pax_record(key.replace("__", "."), value) for key, value in records.items()))


def pax_raw(records, size_field=None):
    return header("pax", len(records), kind=b"x", size_field=size_field) + padded(records)


END = b"\0" * (2 * BLOCK)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def config_of(layers, config=None, **more):
    document = {"architecture": "amd64", "os": "linux", "config": config or {},
                "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]}}
    document.update(more)
    return json.dumps(document).encode()


OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


class Layout:
    """An OCI layout below a directory."""

    def __init__(self, path):
        self.path = path
        os.makedirs(path + "/blobs/sha256")
        self.write("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')

    def write(self, name, data):
        with open(f"{self.path}/{name}", "wb") as file:
            file.write(data)

    def blob(self, data, kind, **more):
        self.write("blobs/sha256/" + digest(data)[7:], data)
        return {"mediaType": kind, "digest": digest(data), "size": len(data), **more}

    def manifest(self, packed, config, **more):
        """`packed`: (bytes, media type) of each layer."""
        document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": self.blob(config, OCI_CONFIG),
                    "layers": [self.blob(data, kind) for data, kind in packed]}
        document.update(more)
        return self.blob(json.dumps(document).encode(), OCI_MANIFEST)

    def index(self, manifests):
        self.write("index.json", json.dumps({"schemaVersion": 2, "manifests": manifests}).encode())


def layout(path, layers, config=None, compress=gzip.compress, kind=OCI_LAYER + "+gzip"):
    """A layout with one image of these tar archives."""
    files = Layout(path)
    packed = [(compress(layer), kind) for layer in layers]
    files.index([files.manifest(packed, config_of(layers, config))])
    return files


def tar_of(members):
    """A plain archive of (name, bytes), or (name, target) where target is a str: a symbolic link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            if isinstance(data, str):
                info.type, info.linkname = tarfile.SYMTYPE, data
                archive.addfile(info)
            else:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def docker_archive(layers, config=None, tags=("test:latest",), names=None):
    """`docker save` before version 25."""
    document = config_of(layers, config)
    name = digest(document)[7:] + ".json"
    names = names or [f"{digest(layer)[7:]}/layer.tar" for layer in layers]
    manifest = json.dumps([{"Config": name, "RepoTags": list(tags), "Layers": names}]).encode()
    return tar_of([(name, document)] + list(zip(names, layers)) + [("manifest.json", manifest)])
