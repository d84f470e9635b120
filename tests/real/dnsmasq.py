"""Debian's dnsmasq, with its log as `log-queries` or `log-queries=extra` has it."""

from pathlib import Path

import name
from asking import Lookup
from compare import Expected
from daemon import Daemon
from log import Log

CONFIG = """
no-resolv
no-hosts
bind-interfaces
listen-address={address}
port={port}
user=root
pid-file=
server={parent}
address=/games.example/#
host-record=portal.school.example,{address}
local=/portal.school.example/
{log_queries}
log-facility={folder}/dnsmasq.log
"""


def says(lookup: Lookup) -> list[Expected]:
    """The question, and a line more for a block. The portal has no address of IPv6, and that is none."""
    return name.of(lookup, None, "blocked") if lookup.question.blocked else name.of(lookup, None)


class Dnsmasq(Daemon):
    def __init__(self, folder: Path, address: str, port: int, parent: int, log_queries: str, zone: str):
        folder.mkdir()
        values = {"folder": folder, "address": address, "port": port, "log_queries": log_queries}
        (folder / "conf").write_text(CONFIG.format(**values, parent=f"{address}#{parent}"))
        logs = [Log(folder.name, "dnsmasq_pihole", folder / "dnsmasq.log", says, zone=zone, packed=".gz")]
        command = ["dnsmasq", "--keep-in-foreground", "-C", str(folder / "conf")]
        super().__init__(command, folder / "output", (address, port), logs, zone)
