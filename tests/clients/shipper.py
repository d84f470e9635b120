"""A school's own collector: puts a day of Squid's log into the raw bucket. Usage: shipper.py ENDPOINT"""

import gzip
import sys
import time

import boto3
from botocore.config import Config

s3 = boto3.client("s3", endpoint_url=sys.argv[1], config=Config(s3={"addressing_style": "path"}))
now = time.time()
hosts = ["www.bbc.co.uk", "classroom.google.com", "en.wikipedia.org", "ttrockstars.com", "example.org"]
lines = [
    f"{now - 36000 + 60 * n:.3f} {37 + n % 900:6} 10.20.{n % 4}.{n % 250 + 1} TCP_TUNNEL/200 {1800 + 7 * n} "
    f"CONNECT {hosts[n % len(hosts)]}:443 pupil{n % 90} HIER_DIRECT/192.0.2.{n % 250 + 1} -\n"
    for n in range(500)
]
# The collector was cut off once, and went on in the next line.
lines.insert(250, lines[0][:40] + "\n")
s3.put_object(Bucket="trustwatch-raw", Key="oak/web/2026/access.log.gz", Body=gzip.compress("".join(lines).encode()))
