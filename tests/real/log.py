"""A log that a filter writes, and how it reaches the school's feed."""

import bz2
import gzip
import lzma
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compare import Expected


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "--quiet", "--stdout"], input=data, capture_output=True, check=True).stdout


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
}


@dataclass(frozen=True)
class Log:
    feed: str
    format: str
    path: Path
    # What a visit or a look-up leaves in this log.
    expects: Callable[[Any], list[Expected]]
    settings: tuple[str, ...] = ()
    zone: str = "Europe/London"
    packed: str = ""
    # Whether the file is sent under one key after each round, longer each time.
    grows: bool = False
    # Where the filter puts the first round when it is told to rotate.
    rotated: Path | None = None

    def pack(self, file: Path, folder: Path) -> Path:
        """Goes on in the copy that was sent before: what is new becomes a member of its own, as `gzip >>` does."""
        copy = folder / f"{self.feed}-{file.name}{self.packed}"
        sent = folder / f"{self.feed}-{file.name}.sent"
        done = int(sent.read_text()) if sent.exists() else 0
        lines = file.read_bytes()
        with copy.open("ab") as packed:
            packed.write(PACKERS[self.packed](lines[done:]))
        sent.write_text(str(len(lines)))
        return copy
