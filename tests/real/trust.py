"""A running trustwatch: feeds, files sent to them, and the events that came of them."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import duckdb
from botocore.config import Config
from compare import Event
from log import Log

SCHOOL = "oak"
SETTLE_S = 60
EVENTS = """
select * replace (epoch_us(event_at) / 1e6 as event_at)
from read_parquet(?) order by event_at, source_id, line
"""


class Trust:
    def __init__(self) -> None:
        self.command, self.data = os.environ["TRUSTWATCH"], os.environ["DATA"]

    def run(self, *arguments: str | Path) -> str:
        command = [self.command, *arguments, "--data", self.data]
        ran = subprocess.run(command, capture_output=True, text=True)
        assert ran.returncode == 0, f"{command}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    def add_feed(self, log: Log, feed: str) -> None:
        of = ("--school", SCHOOL, "--feed", feed)
        self.run("feed", "set", *of, "--format", log.format, "--zone", log.zone, *log.settings)

    def ship(self, feed: str, file: Path) -> None:
        self.run("ship", "--school", SCHOOL, "--feed", feed, file)

    def settle(self) -> None:
        """Until everything is worked on. It must then balance, with nothing set aside or rejected."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            ran = subprocess.run([self.command, "verify", "--data", self.data, "--json"], capture_output=True, text=True)
            report = json.loads(ran.stdout)
            if ran.returncode == 0 and report["pending"] == 0:
                break
            assert time.monotonic() < deadline, ran.stdout + ran.stderr
            time.sleep(0.2)
        assert report["quarantined"] == 0 and report["counts"]["rejects"] == 0, report

    def parquet(self, folder: Path) -> list[str]:
        """Copies of what `trustwatch lake files` names."""
        s3 = boto3.client("s3", endpoint_url=os.environ["S3"], config=Config(s3={"addressing_style": "path"}))
        files = []
        for number, url in enumerate(self.run("lake", "files", "--school", SCHOOL).split()):
            place = urlsplit(url)
            files.append(str(folder / f"{number}.parquet"))
            s3.download_file(place.netloc, place.path.removeprefix("/"), files[-1])
        return files

    def events(self) -> dict[str, list[Event]]:
        """By feed, in the order in which they happened."""
        with tempfile.TemporaryDirectory() as folder:
            found = duckdb.execute(EVENTS, [self.parquet(Path(folder))])
            names = [column[0] for column in found.description]
            events: dict[str, list[Event]] = {}
            for row in found.fetchall():
                event = dict(zip(names, row, strict=True))
                events.setdefault(event["feed"], []).append(event)
        return events
