"""What tests share: one emulator with one deployment, made when a test first asks for it."""

import os
from pathlib import Path

import pytest
from deployment import Deployment
from emulator import Emulator


@pytest.fixture(scope="session")
def deployment(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("deployment")
    emulator = Emulator(os.environ["MINISTACK"], scratch)
    try:
        emulator.wait()
        made = Deployment(emulator, scratch, Path(os.environ["BOOTSTRAP"]), Path(os.environ["TRUSTWATCH"]))
        made.deploy()
        made.for_a_test()
        yield made
        made.issuer.stop()
    finally:
        emulator.stop()
