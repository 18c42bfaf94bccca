"""What kind of file each file of a model is, told from its bytes.

Loading a pickle runs the code of whoever wrote it. Inside a team that code runs sealed anyway; what crosses to
somebody else must be data. So the kinds that are known to be data are named, and everything else is not.
"""

from __future__ import annotations

import bz2
import json
import lzma
import pickletools
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

PICKLE, UNKNOWN = "pickle", "unknown"
DATA = frozenset({"json", "text", "safetensors", "gguf", "npy", "onnx"})  # loading it runs nothing
HEAD = 1 << 16
LARGEST_READ = 64 << 20  # bytes of a file that are read at once to know it
LARGEST_HEADER = 100 << 20  # safetensors' own limit
_ENDINGS = (".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt")
_MAGIC_PICKLE = tuple(bytes((0x80, protocol)) for protocol in range(2, 8))


def kind(path: Path) -> str:
    """One of DATA, PICKLE or UNKNOWN."""
    name = path.name.lower()
    with path.open("rb") as file:
        head = file.read(HEAD)
        if (
            name.endswith(_ENDINGS)
            or _is_pickle(head, path.stat().st_size, file)
            or _holds_pickle(head, path)
        ):
            return PICKLE
        checks: tuple[tuple[str, Callable[[], bool]], ...] = (
            ("safetensors", lambda: name.endswith(".safetensors") and _is_safetensors(file)),
            ("gguf", lambda: head.startswith(b"GGUF")),
            ("npy", lambda: head.startswith(b"\x93NUMPY")),  # object arrays are pickles, found above
            # A protobuf without a magic: field 1, ir_version, as varint.
            ("onnx", lambda: name.endswith(".onnx") and head.startswith(b"\x08")),
            ("json", lambda: name.endswith(".json") and _is_json(file)),
            ("text", lambda: _is_text(file)),
        )
        return next((found for found, holds in checks if holds()), UNKNOWN)


def _is_pickle(head: bytes, size: int, file: BinaryIO) -> bool:
    if head.startswith(_MAGIC_PICKLE):
        return True
    if size > LARGEST_READ:
        return False
    # Protocols 0 and 1 have no magic: a whole file of opcodes that ends in STOP. Nothing is executed.
    file.seek(0)
    last = -1
    with suppress(Exception):  # whatever a parser says of bytes that are no pickle
        for _, _, position in pickletools.genops(file.read()):
            last = position or 0
        return last + 1 == size
    return False


def _holds_pickle(head: bytes, path: Path) -> bool:
    """Archives and compressed files with a pickle inside, as PyTorch, joblib and NumPy write them."""
    if head.startswith(b"\x93NUMPY"):
        return b"'|O'" in head or b"O" in head[10:80].partition(b"'descr'")[2].partition(b",")[0]
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                return any(_member_is_pickle(archive, item) for item in archive.infolist())
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError):
            return True  # it cannot be looked into
    return any(opened.startswith(_MAGIC_PICKLE) for opened in _decompressed(head))


def _member_is_pickle(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bool:
    if item.filename.lower().endswith((".pkl", ".pickle")):
        return True
    with archive.open(item) as file:
        head = file.read(256)
    return head.startswith(_MAGIC_PICKLE) or (head.startswith(b"\x93NUMPY") and b"|O" in head)


def _decompressed(head: bytes) -> list[bytes]:
    """The first bytes inside a compressed file, by whichever of the library's formats opens it."""
    found = []
    for wbits in (15, 31):  # zlib and gzip
        with suppress(zlib.error):
            found.append(zlib.decompressobj(wbits).decompress(head, 16))
    with suppress(OSError, EOFError, ValueError):
        found.append(bz2.BZ2Decompressor().decompress(head, 16))
    with suppress(lzma.LZMAError, EOFError):
        found.append(lzma.LZMADecompressor().decompress(head, 16))
    return found


def _is_safetensors(file: BinaryIO) -> bool:
    file.seek(0)
    with suppress(struct.error, ValueError, RecursionError):
        (length,) = struct.unpack("<Q", file.read(8))
        return length <= LARGEST_HEADER and isinstance(json.loads(file.read(length)), dict)
    return False


def _is_json(file: BinaryIO) -> bool:
    file.seek(0)
    data = file.read(LARGEST_READ + 1)
    with suppress(ValueError, RecursionError):
        json.loads(data)
        return len(data) <= LARGEST_READ
    return False


def _is_text(file: BinaryIO) -> bool:
    file.seek(0)
    data = file.read(LARGEST_READ + 1)
    with suppress(UnicodeDecodeError):
        return len(data) <= LARGEST_READ and "\0" not in data.decode()
    return False
