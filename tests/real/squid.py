"""Debian's Squid: a proxy with logins, a list of blocked sites, and all its layouts of one log at once."""

import shutil
import signal
import subprocess
from pathlib import Path

import page
from browsing import BLOCKED_SITE, PASSWORD, PEOPLE, Visit
from compare import Expected
from daemon import Daemon
from log import Log

CUSTOM = '%>a [%{%d/%b/%Y:%H:%M:%S}tl] "%rm %ru" %03>Hs %<st %Ss "%{User-Agent}>h" %[un %mt'
# Port 3129 is for filters that stand in front of it; what they ask for is in their own logs.
# What every Squid of the test is told: where its files are, who its people are, and what is blocked.
SCHOOL = """
pid_filename none
visible_hostname filter.school.example
coredump_dir {folder}
cache_log {folder}/cache.log
hosts_file {folder}/hosts
dns_nameservers {address}
shutdown_lifetime 0 seconds
memory_cache_shared off
pinger_enable off
strip_query_terms off
auth_param basic program /usr/lib/squid/basic_ncsa_auth {passwords}
acl people proxy_auth REQUIRED
acl games dstdomain {blocked}
"""
CONFIG = """
http_port {address}:3128
http_port {address}:3129 name=behind
logfile_rotate 0
acl chained myportname behind
http_access deny !people
http_access deny games
http_access allow all
logformat school {custom}
access_log stdio:{folder}/native.log rotate=1 logformat=squid !chained
access_log stdio:{folder}/common.log logformat=common !chained
access_log stdio:{folder}/combined.log logformat=combined !chained
access_log stdio:{folder}/custom.log logformat=school !chained
"""


def native(visit: Visit) -> list[Expected]:
    return [page.of(visit, user_agent=None)]


def common(visit: Visit) -> list[Expected]:
    return [page.of(visit, tick_s=1, user_agent=None, content_type=None)]


def combined(visit: Visit) -> list[Expected]:
    return [page.of(visit, tick_s=1, content_type=None)]


def custom(visit: Visit) -> list[Expected]:
    return [page.of(visit, tick_s=1)]


class Squid(Daemon):
    def __init__(self, folder: Path, address: str, names: list[str]):
        folder.mkdir()
        shutil.chown(folder, "proxy")
        hashed = subprocess.run(["openssl", "passwd", "-6", PASSWORD], capture_output=True, text=True, check=True).stdout
        # Squid asks in lower case.
        (folder / "passwords").write_text("".join(f"{user.lower()}:{hashed}" for user in PEOPLE if user))
        config = configure(folder, CONFIG, address, address, names, folder / "passwords", custom=CUSTOM)
        native_log = folder / "native.log"
        logs = [
            Log("squid-native", "squid", native_log, native, packed=".gz", rotated=folder / "native.log.0"),
            Log("squid-common", "squid", folder / "common.log", common, grows=True),
            Log("squid-combined", "squid", folder / "combined.log", combined, packed=".gz", grows=True),
            Log("squid-custom", "squid", folder / "custom.log", custom, ("--layout", CUSTOM), packed=".xz"),
        ]
        command = ["squid", "-N", "-n", "school", "-f", str(config)]
        super().__init__(command, folder / "output", (address, 3128), logs, "Europe/London")

    def rotate(self) -> None:
        self.process.send_signal(signal.SIGUSR1)


def configure(
    folder: Path, own: str, address: str, sites: str, names: list[str], passwords: Path, **more: str
) -> Path:
    """Writes the configuration of a Squid: what all are told, and its own lines. It finds the sites at `sites`."""
    (folder / "hosts").write_text("".join(f"{sites} {name}\n" for name in names))
    config = folder / "squid.conf"
    values = {"folder": folder, "address": address, "blocked": BLOCKED_SITE, "passwords": passwords, **more}
    config.write_text((SCHOOL + own).format(**values))
    return config
