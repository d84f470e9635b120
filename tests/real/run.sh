#!/usr/bin/env bash
# Filters that schools use, from Debian, browsed through on this machine: what their own logs become must be what was asked.
# Needs root, for their packages and the ports of the web.
source "$(dirname "$0")/../common.sh"
python="$PWD/.venv/bin/python"
[ -x "$python" ] || fail "$python is missing; \`make check-all\` makes it"
export PYTHONDONTWRITEBYTECODE=1 PATH="$PATH:/usr/sbin"
tests/real/setup.sh
"$python" -m pytest -q -p no:cacheprovider tests/real
up
# The filters work as users of their own.
chmod 755 "$scratch"
mkdir "$scratch/filters"
DATA="$data" S3="$s3" "$python" tests/real/school.py "$scratch/filters"
