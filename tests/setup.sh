#!/usr/bin/env bash
# What `make check-all` needs of the system, from Debian's packages. Does nothing where all of it is there.
set -euo pipefail
missing=()
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
for tool in git patch rclone; do
    command -v "$tool" >/dev/null || missing+=("$tool")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "install ${missing[*]} of your system, or run this as root on Debian: \`make check-all\` needs them" >&2
    exit 1
fi
apt-get update --quiet >/dev/null
apt-get install --yes --quiet "${missing[@]}" >/dev/null
