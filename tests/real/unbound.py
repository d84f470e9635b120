"""Debian's Unbound, with whatever it is told to log."""

from collections.abc import Callable
from pathlib import Path

import name
from asking import Lookup
from compare import Expected
from daemon import Daemon
from log import Log

CONFIG = """
server:
  interface: {address}
  port: {port}
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  username: ""
  chroot: ""
  pidfile: ""
  directory: "{folder}"
  use-syslog: no
  logfile: "{folder}/unbound.log"
  module-config: "iterator"
  local-zone: "school.example." transparent
  local-data: "www.school.example. A {address}"
  local-data: "secure.school.example. A {address}"
  local-data: "portal.school.example. A {address}"
  local-data: "xn--caf-dma.school.example. A {address}"
  local-zone: "games.example." always_nxdomain
{extra}
remote-control:
  control-enable: no
"""


def question(lookup: Lookup) -> list[Expected]:
    return name.of(lookup, None)


def with_actions(lookup: Lookup) -> list[Expected]:
    """All names that are asked for lie in local zones."""
    return name.of(lookup, None, "blocked" if lookup.question.blocked else "allowed")


INSTANCES: dict[str, tuple[tuple[str, ...], Callable[[Lookup], list[Expected]]]] = {
    "unbound-queries": (("log-queries",), question),
    "unbound-replies": (("log-replies", "log-time-ascii"), question),
    "unbound-actions": (("log-queries", "log-local-actions", "log-tag-queryreply"), with_actions),
}


class Unbound(Daemon):
    def __init__(self, folder: Path, address: str, port: int):
        folder.mkdir()
        options, expects = INSTANCES.get(folder.name, ((), None))
        extra = "\n".join(f"  {option}: yes" for option in options)
        config = CONFIG.format(folder=folder, address=address, port=port, extra=extra)
        (folder / "unbound.conf").write_text(config)
        logs = [Log(folder.name, "unbound", folder / "unbound.log", expects, grows=True)] if expects else []
        command = ["unbound", "-d", "-c", str(folder / "unbound.conf")]
        super().__init__(command, folder / "output", (address, port), logs, "Europe/London")
