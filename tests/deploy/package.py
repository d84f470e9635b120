"""Checks the package of the functions: what is in it, what it needs of the machine, how fast it starts.

Usage: package.py ZIP
"""

import http.server
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

ZIP_BYTES_MAX = 12 << 20
# Amazon Linux 2023 has glibc 2.34.
GLIBC_MAX = (2, 34)
FIRST_POLL_MS_MAX = 25
STARTS = 10
# Where a machine that builds keeps things.
PLACES = [rf"/{place}/".encode() for place in ("root", "home", "Users", r"\.cargo/registry")]

ROOT = Path(__file__).resolve().parents[2]


def handlers():
    source = (ROOT / "functions/bootstrap/src/main.rs").read_text()
    return re.findall(r'^ +"(\w+)" =>', source, re.M)


def settings():
    source = (ROOT / "shared/runtime/src/settings.rs").read_text()
    names = dict.fromkeys(re.findall(r'need\("(\w+)"\)', source), "x")
    return names | {"LEASE_SECONDS": "70", "LANE": "live"}


def contents(archive):
    """What is wrong with the binary, by its bytes."""
    if archive.namelist() != ["bootstrap"]:
        yield f"the zip holds {archive.namelist()}: expected `bootstrap` alone"
    if not archive.getinfo("bootstrap").external_attr >> 16 & 0o111:
        yield "`bootstrap` cannot be executed"
    binary = archive.read("bootstrap")
    needed = max((int(major), int(minor)) for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", binary))
    print(f"highest glibc symbol  {needed[0]}.{needed[1]}")
    if needed > GLIBC_MAX:
        yield f"it needs glibc {needed}: Amazon Linux 2023 has {GLIBC_MAX}"
    for place in PLACES:
        found = re.search(place + rb"[\w./-]{0,60}", binary)
        if found:
            yield f"it names a place of the machine that built it: {found.group().decode()}"


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    """As much of Lambda's runtime API as a function asks for first."""

    polled = threading.Event()

    def do_GET(self):
        if self.path.endswith("/invocation/next"):
            self.polled.set()
            # There is no event: the function waits until it is ended.
            time.sleep(1)

    def do_POST(self):
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_):
        pass


def first_poll_ms(bootstrap, handler):
    """Milliseconds from exec to the first poll: the best of some starts, because others use the machine, too."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = settings() | {
        "_HANDLER": handler,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
        "AWS_REGION": "eu-west-2",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_LAMBDA_FUNCTION_NAME": handler,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "PATH": os.defpath,
    }
    best = None
    for _ in range(STARTS):
        RuntimeApi.polled.clear()
        begun = time.perf_counter()
        process = subprocess.Popen([bootstrap], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        polled = RuntimeApi.polled.wait(10)
        took = (time.perf_counter() - begun) * 1_000
        process.kill()
        said = process.communicate()[1].decode()
        if not polled:
            raise SystemExit(f"{handler} asks for no event: {said}")
        best = took if best is None else min(best, took)
    server.shutdown()
    return best


def main():
    path = Path(sys.argv[1])
    problems = []
    size = path.stat().st_size
    print(f"zip                   {size / (1 << 20):.1f} MB")
    if size > ZIP_BYTES_MAX:
        problems.append(f"the zip has {size} bytes: at most {ZIP_BYTES_MAX}")
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as scratch:
        problems += contents(archive)
        bootstrap = Path(archive.extract("bootstrap", scratch))
        bootstrap.chmod(0o755)
        for handler in handlers():
            took = first_poll_ms(bootstrap, handler)
            print(f"{handler:<21} {took:.0f} ms from exec to its first poll")
            if took > FIRST_POLL_MS_MAX:
                problems.append(f"{handler} takes {took:.0f} ms to its first poll: at most {FIRST_POLL_MS_MAX}")
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
