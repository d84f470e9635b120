#!/usr/bin/env bash
# The filters, from Debian's packages, whose own services stay off. Does nothing where all of it is there.
set -euo pipefail
missing=()
while read -r package program; do
    command -v "$program" >/dev/null || missing+=("$package")
done <<EOF
squid-openssl squid
e2guardian e2guardian
dnsmasq-base dnsmasq
unbound unbound
openssl openssl
zstd zstd
EOF
[ ${#missing[@]} -gt 0 ] || exit 0
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
apt-get update --quiet >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "${missing[@]}" >/dev/null
