"""Squid that opens TLS with an authority of its own, as schools that inspect do: a line for the tunnel, one for each page."""

import shutil
import subprocess
from pathlib import Path

import page
from browsing import Visit
from compare import Expected
from daemon import Daemon
from log import Log
from squid import configure

CONFIG = """
http_port {address}:3130 ssl-bump tls-cert={folder}/authority.pem generate-host-certificates=on
sslcrtd_program /usr/lib/squid/security_file_certgen -s {folder}/certificates -M 4MB
sslcrtd_children 1
ssl_bump bump all
tls_outgoing_options flags=DONT_VERIFY_PEER
sslproxy_cert_error allow all
acl tunnel method CONNECT
http_access deny !people
http_access allow tunnel
http_access deny games
http_access allow all
access_log stdio:{folder}/access.log squid
"""


def tunnel_and_page(visit: Visit) -> list[Expected]:
    # Squid counts no bytes for a tunnel that it opens.
    tunnel = {"http_method": "CONNECT", "url_scheme": None, "url_port": 443, "url_path": None, "url_query": None}
    tunnel |= {"http_status": 200, "action": "allowed", "search_terms": None, "content_type": None, "bytes_in": 0}
    return [page.of(visit, user_agent=None, **tunnel), page.of(visit, user_agent=None)]


class Inspection(Daemon):
    def __init__(self, folder: Path, address: str, sites: str, names: list[str], passwords: Path):
        folder.mkdir()
        authority(folder / "authority.pem", "Made-up School")
        files = ["/usr/lib/squid/security_file_certgen", "-c", "-s", str(folder / "certificates"), "-M", "4MB"]
        subprocess.run(files, check=True, capture_output=True)
        config = configure(folder, CONFIG, address, sites, names, passwords)
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "proxy")
        logs = [Log("squid-inspection", "squid", folder / "access.log", tunnel_and_page, packed=".bz2")]
        command = ["squid", "-N", "-n", "inspection", "-f", str(config)]
        super().__init__(command, folder / "output", (address, 3130), logs, "Europe/London")


def authority(file: Path, name: str) -> None:
    """A key and a certificate of its own making, in one file."""
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    subprocess.run([*make, "-keyout", str(file), "-out", f"{file}.crt"], check=True, capture_output=True)
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
