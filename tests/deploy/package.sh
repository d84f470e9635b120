#!/usr/bin/env bash
# Builds the one binary of all functions for Amazon Linux 2023, packs it, and checks the package. `make package` installs
# what it needs. PROFILE names another profile than `release`, ARCHITECTURE another machine than x86_64.
set -euo pipefail
cd "$(dirname "$0")/../.."
environment="$PWD/.venv/deploy/package"
export PATH="$environment/bin:$PATH"
# Panics name source files: by the crate, not by the place on the machine that built.
export RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo --remap-path-prefix=$PWD=trustwatch"
triple="${ARCHITECTURE:-x86_64}-unknown-linux-gnu"
cargo lambda build --profile "${PROFILE:-release}" --target "$triple" --output-format zip --package trustwatch-bootstrap
"$environment/bin/python" tests/deploy/package.py "${CARGO_TARGET_DIR:-target}/lambda/trustwatch-bootstrap/bootstrap.zip"
