"""All filters of the test on one loopback address, and what each is asked."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asking
import browsing
import e2guardian
import unbound
from browser import visit
from daemon import Daemon
from dnsmasq import Dnsmasq
from e2guardian import E2guardian
from inspection import Inspection
from squid import Squid
from unbound import Unbound

NAMES = ["www.school.example", "secure.school.example", browsing.BLOCKED_SITE, "www.google.co.uk", "www.bing.com"]
Started = TypeVar("Started", bound=Daemon)


@dataclass(frozen=True)
class Asked:
    """A filter, the table that it is asked, and how one line of the table is asked of an address."""

    filter: Daemon
    table: list[Any]
    ask: Callable[[Any, tuple[str, int], str], Any]


def start(folder: Path, network: str, running: ExitStack) -> list[Asked]:
    """They stop with `running`."""

    def run(filter: Started) -> Started:
        running.callback(filter.stop)
        return filter

    address = network + "1"
    proxies: list[Daemon] = [run(Squid(folder / "squid", address, NAMES))]
    for port, (feed, instance) in enumerate(e2guardian.INSTANCES.items(), 8080):
        proxies.append(run(E2guardian(folder / feed, address, port, 3129, instance)))
    passwords = folder / "squid" / "passwords"
    inspection = run(Inspection(folder / "inspection", address, network + "2", NAMES, passwords))
    # One that logs nothing answers what the others forward.
    run(Unbound(folder / "unbound", address, 5300))
    resolvers: list[Daemon] = [
        run(Unbound(folder / feed, address, port)) for port, feed in enumerate(unbound.INSTANCES, 5301)
    ]
    # A zone far from Greenwich is that of a box that is set wrongly: it must show in winter, too.
    resolvers.append(run(Dnsmasq(folder / "dnsmasq-plain", address, 5311, 5300, "log-queries", "Asia/Tokyo")))
    resolvers.append(run(Dnsmasq(folder / "dnsmasq-extra", address, 5312, 5300, "log-queries=extra", "Europe/London")))
    asked = [Asked(proxy, browsing.TABLE, visit) for proxy in proxies]
    asked.append(Asked(inspection, browsing.INSPECTED, visit))
    return asked + [Asked(resolver, asking.TABLE, asking.ask) for resolver in resolvers]
