"""boto3 against the embedded S3: what its transfer manager and its paginators do. Usage: boto.py ENDPOINT FILE"""

import hashlib
import io
import sys

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, file = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "path"}))
bucket = "from-boto3"
s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

# 20 MiB in parts of 5, four at a time.
parts = TransferConfig(multipart_threshold=1 << 20, multipart_chunksize=5 << 20, max_concurrency=4)
with open(file, "rb") as body:
    whole = body.read()
    body.seek(0)
    s3.upload_fileobj(body, bucket, "large/é +%.bin", Config=parts, ExtraArgs={"Metadata": {"school": "oak"}})
head = s3.head_object(Bucket=bucket, Key="large/é +%.bin")
assert head["ContentLength"] == len(whole) and head["ETag"].endswith('-4"'), head
assert head["Metadata"] == {"school": "oak"}, head
back = io.BytesIO()
s3.download_fileobj(bucket, "large/é +%.bin", back, Config=parts)
assert hashlib.sha256(back.getvalue()).digest() == hashlib.sha256(whole).digest()
part = s3.get_object(Bucket=bucket, Key="large/é +%.bin", Range="bytes=5242870-5242889")
assert part["Body"].read() == whole[5242870:5242890] and part["ResponseMetadata"]["HTTPStatusCode"] == 206
tail = s3.get_object(Bucket=bucket, Key="large/é +%.bin", Range="bytes=-7")
assert tail["Body"].read() == whole[-7:]

# Pages of a listing, with keys that sort and encode oddly.
names = sorted([f"many/{n:03}" for n in range(23)] + ["many/a b", "many/a+b", "many/a%2Fb", "many/é"], key=str.encode)
for name in names:
    s3.put_object(Bucket=bucket, Key=name, Body=name.encode())
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="many/", PaginationConfig={"PageSize": 5})
pages = list(pages)
listed = [entry["Key"] for page in pages for entry in page["Contents"]]
assert listed == names and len(pages) == 6, (len(pages), listed)
folders = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
assert [prefix["Prefix"] for prefix in folders["CommonPrefixes"]] == ["large/", "many/"], folders

# Versions: three of one key, a marker over them, and one taken out by its id.
ids = [s3.put_object(Bucket=bucket, Key="grows", Body=b"x" * n)["VersionId"] for n in range(1, 4)]
s3.delete_object(Bucket=bucket, Key="grows")
pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix="grows", PaginationConfig={"PageSize": 2})
versions = [entry["VersionId"] for page in pages for entry in page.get("Versions", [])]
assert versions == ids[::-1], versions
try:
    s3.get_object(Bucket=bucket, Key="grows")
    raise AssertionError("a delete marker was passed by")
except ClientError as error:
    assert error.response["Error"]["Code"] == "NoSuchKey", error
s3.delete_object(Bucket=bucket, Key="grows", VersionId=ids[1])
left = s3.list_object_versions(Bucket=bucket, Prefix="grows")
assert [entry["VersionId"] for entry in left["Versions"]] == [ids[2], ids[0]], left
assert s3.get_object(Bucket=bucket, Key="grows", VersionId=ids[0])["Body"].read() == b"x"

# One winner, and a stranger is told what is wrong.
s3.put_object(Bucket=bucket, Key="once", Body=b"first", IfNoneMatch="*")
try:
    s3.put_object(Bucket=bucket, Key="once", Body=b"second", IfNoneMatch="*")
    raise AssertionError("the condition did not hold and was not minded")
except ClientError as error:
    assert error.response["Error"]["Code"] == "PreconditionFailed", error
stranger = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="y")
for client, code in [(stranger, "InvalidAccessKeyId")]:
    try:
        client.list_objects_v2(Bucket=bucket)
        raise AssertionError("a stranger was let in")
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
print("boto3 did what it does on S3")
