#!/usr/bin/env bash
# Real clients against the embedded S3: boto3, s3cmd and rclone, as collectors of schools use them.
source "$(dirname "$0")/../common.sh"
python=.venv/bin/python
[ -x "$python" ] || fail "$python is missing; \`make check-all\` makes it"
up
host="${s3#http://}"
head -c 20971520 /dev/urandom >"$scratch/large"
printf 'small\n' >"$scratch/small"

echo "== boto3"
"$python" tests/clients/boto.py "$s3" "$scratch/large"

echo "== s3cmd"
cat >"$scratch/s3cfg" <<EOF
[default]
access_key = $AWS_ACCESS_KEY_ID
secret_key = $AWS_SECRET_ACCESS_KEY
host_base = $host
host_bucket = $host
use_https = False
signature_v2 = False
bucket_location = eu-west-2
EOF
s3cmd() { .venv/bin/s3cmd --config="$scratch/s3cfg" --no-progress --quiet "$@"; }
s3cmd mb s3://from-s3cmd
s3cmd put "$scratch/small" "s3://from-s3cmd/a b/c+d %.log"
s3cmd --multipart-chunk-size-mb=5 put "$scratch/large" s3://from-s3cmd/large
s3cmd get "s3://from-s3cmd/a b/c+d %.log" "$scratch/small.back"
s3cmd get s3://from-s3cmd/large "$scratch/large.back"
cmp "$scratch/small" "$scratch/small.back"
cmp "$scratch/large" "$scratch/large.back"
[ "$(.venv/bin/s3cmd --config="$scratch/s3cfg" ls --recursive s3://from-s3cmd | wc -l)" = 2 ] || fail "s3cmd ls"
s3cmd cp s3://from-s3cmd/large s3://from-s3cmd/copy
s3cmd del --recursive --force s3://from-s3cmd
s3cmd rb s3://from-s3cmd

echo "== rclone"
cat >"$scratch/rclone.conf" <<EOF
[tw]
type = s3
provider = Other
access_key_id = $AWS_ACCESS_KEY_ID
secret_access_key = $AWS_SECRET_ACCESS_KEY
endpoint = $s3
region = eu-west-2
force_path_style = true
EOF
rclone() { command rclone "$@" --config "$scratch/rclone.conf" --log-level ERROR --retries 1; }
mkdir -p "$scratch/tree/2026/10/19"
cp "$scratch/small" "$scratch/tree/2026/10/19/é +%.log"
cp "$scratch/large" "$scratch/tree/large"
rclone mkdir tw:from-rclone
rclone copy "$scratch/tree" tw:from-rclone --s3-upload-cutoff 5M --s3-chunk-size 5M
rclone check "$scratch/tree" tw:from-rclone
rclone check --download "$scratch/tree" tw:from-rclone
rclone copy tw:from-rclone "$scratch/back"
diff -r "$scratch/tree" "$scratch/back"
rclone purge tw:from-rclone

echo "== a school's collector"
"$TRUSTWATCH" feed set --data "$data" --school oak --feed web --format squid
"$python" tests/clients/shipper.py "$s3"
settle
[ "$(field counts.events <<<"$report")" = 500 ] || fail "500 events were sent: $report"
[ "$(field counts.rejects <<<"$report")" = 1 ] || fail "one cut line was sent: $report"
[ "$(field quarantined <<<"$report")" = 0 ] || fail "$report"
files="$("$TRUSTWATCH" lake files --data "$data" --school oak)"
grep -q '^s3://trustwatch-lake/events/v1/school=oak/date=' <<<"$files" || fail "lake files: $files"
while read -r url; do
    .venv/bin/s3cmd --config="$scratch/s3cfg" --quiet --no-progress get "$url" "$scratch/part" --force
    [ "$(head -c 4 "$scratch/part")" = PAR1 ] || fail "$url is not Parquet"
done <<<"$files"
echo "All clients agree."
