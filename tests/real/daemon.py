"""A filter as a process of its own, in the zone of its box."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import ClassVar

from log import Log

START_S = 30


class Daemon:
    """What people ask is sent to `address`; what the filter says of it is in `logs`."""

    STOP: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, command: list[str], output: Path, address: tuple[str, int], logs: list[Log], zone: str):
        self.address, self.logs = address, logs
        with output.open("w") as said:
            self.process = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, "TZ": zone})
        deadline = time.monotonic() + START_S
        while not self.listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{command} does not listen: {output.read_text()}")
            time.sleep(0.1)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(self.address) == 0

    def rotate(self) -> None:
        """Puts the log aside and begins another, where the filter does so by itself."""

    def stop(self) -> None:
        self.process.send_signal(self.STOP)
        self.process.wait(START_S)
