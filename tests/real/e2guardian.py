"""Debian's e2guardian in front of Squid, which asks people who they are: one instance a log format."""

import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import page
from browsing import BLOCKED_SITE, Visit
from compare import Expected
from daemon import Daemon
from log import Log

DEBIAN = Path("/etc/e2guardian")
SETTINGS = """
logfileformat = {format}
loglocation = '{folder}/access.log'
filterip = {address}
filterports = {port}
transparenthttpsport = 0
proxyip = {address}
proxyport = {parent}
authplugin = '/etc/e2guardian/authplugins/proxy-basic.conf'
filtergroupslist = '{folder}/groups'
pidfilename = '{folder}/pid'
httpworkers = 20
nodaemon = on
loguseragent = on
{extra}
"""
GROUP = """
groupname = 'year7'
storyboard = '/etc/e2guardian/examplef1.story'
sitelist = 'name=banned,messageno=500,path={folder}/banned'
"""


def altered(name: str, ours: str) -> str:
    """Debian's own file with some settings set otherwise."""

    def key(line: str) -> str:
        return line.split(",")[0] if "name=" in line else line.split(" = ")[0]

    set_here = {key(line) for line in ours.splitlines()}
    rest = [line for line in (DEBIAN / name).read_text().splitlines() if key(line) not in set_here]
    return "\n".join(rest) + ours


def stated(visit: Visit, **otherwise: Any) -> Expected:
    """It states no headers of a reply, nor its type where it has not looked into it, and for a page of its own the status
    that stands for a block. `/` alone is left out."""
    expected = page.of(visit, bytes_in=visit.body_bytes, content_type=None, **otherwise)
    columns = expected.columns
    if columns["http_method"] == "CONNECT":
        columns["url_scheme"] = "https"
    if columns["url_path"] == "/":
        columns["url_path"] = None
    if columns["action"] == "blocked":
        columns.update(http_status=403, bytes_in=0)
    return expected


def dated(visit: Visit) -> list[Expected]:
    return [stated(visit, tick_s=1)]


def native(visit: Visit) -> list[Expected]:
    return [stated(visit, user_agent=None)]


def epoch(visit: Visit) -> list[Expected]:
    return [stated(visit)]


@dataclass(frozen=True)
class Instance:
    format: int
    expects: Callable[[Visit], list[Expected]]
    extra: str = ""
    packed: str = ""
    grows: bool = False


# Debian's takes 1 to 6. With `logtimestamp` an epoch stands behind the date.
INSTANCES = {
    "e2guardian-1": Instance(1, dated, packed=".zst"),
    "e2guardian-2": Instance(2, dated, grows=True),
    "e2guardian-3": Instance(3, native, packed=".bz2"),
    "e2guardian-4": Instance(4, dated, packed=".xz", grows=True),
    "e2guardian-5": Instance(5, epoch, packed=".gz"),
    "e2guardian-6": Instance(6, epoch),
    "e2guardian-1-epoch": Instance(1, epoch, "logtimestamp = on"),
    "e2guardian-2-epoch": Instance(2, epoch, "logtimestamp = on"),
    "e2guardian-4-epoch": Instance(4, epoch, "logtimestamp = on"),
}


class E2guardian(Daemon):
    # It does not end for less. Its lines are in the file by then.
    STOP = signal.SIGKILL

    def __init__(self, folder: Path, address: str, port: int, parent: int, instance: Instance):
        folder.mkdir()
        shutil.chown(folder, "e2guardian")
        values = {"folder": folder, "address": address, "port": port, "parent": parent}
        values |= {"format": instance.format, "extra": instance.extra}
        for name, ours in (("e2guardian.conf", SETTINGS), ("e2guardianf1.conf", GROUP)):
            (folder / name).write_text(altered(name, ours.format(**values)))
        (folder / "banned").write_text(f'#listcategory: "Games, for all"\n{BLOCKED_SITE}\n')
        (folder / "groups").write_text("")
        log = folder / "access.log"
        logs = [Log(folder.name, "e2guardian", log, instance.expects, packed=instance.packed, grows=instance.grows)]
        command = ["e2guardian", "-N", "-c", str(folder / "e2guardian.conf")]
        super().__init__(command, folder / "output", (address, port), logs, "Europe/London")
