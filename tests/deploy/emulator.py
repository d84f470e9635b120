"""MiniStack, the emulator of AWS: with signatures, IAM and tokens enforced, on this machine alone."""

import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config
from expansion import REGION

START_SECONDS = 60
ROOT_KEY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# What a person's own environment might hold and must not reach here.
FOREIGN = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Emulator:
    """A running emulator. `environment` points any AWS tool at it, as the root of its account."""

    def __init__(self, command, scratch: Path):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.environment |= ROOT_KEY | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "SAM_CLI_TELEMETRY": "0",
        }
        own = {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "false",
            "S3_DATA_DIR": str(scratch / "s3"),
            "STATE_DIR": str(scratch / "state"),
            "TMPDIR": str(scratch),
        }
        self.log = scratch / "emulator.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([command], env=self.environment | own, stdout=log, stderr=log, cwd=scratch)

    def wait(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the emulator ended:\n{self.log.read_text()[-2000:]}")
            try:
                urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2).read()
                return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError("the emulator does not answer")

    def client(self, service, credentials=None):
        """A client as the root, or as who holds these credentials (an answer of `assume_role`)."""
        keys = credentials or {"AccessKeyId": "test", "SecretAccessKey": "test"}
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 2}, proxies={}),
        )

    def assume(self, role_arn, key):
        """Takes a role as who holds this access key; returns clients of that role by service."""
        credentials = self.client("sts", key).assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
        return lambda service: self.client(service, credentials)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
