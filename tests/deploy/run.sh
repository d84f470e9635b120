#!/usr/bin/env bash
# The template by itself, then deployed into an emulator of AWS. `make deploy-check` installs what it needs.
# Usage: BOOTSTRAP=… TRUSTWATCH=… tests/deploy/run.sh [PYTEST ARGUMENTS]
set -euo pipefail
cd "$(dirname "$0")"
environments="$(cd ../.. && pwd)/.venv/deploy"
export CHECKOV="$environments/checkov/bin/checkov" MINISTACK="$environments/emulator/bin/ministack"
export PYTHONDONTWRITEBYTECODE=1
exec "$environments/tools/bin/python" -m pytest "$@"
