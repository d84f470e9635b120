# For scripts that try the binary from outside: builds it, starts it on a scratch directory, ends it at the end.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# A bundle of authorities for a proxy has nothing to do with plain HTTP on this machine, and some clients refuse it.
unset AWS_CA_BUNDLE AWS_PROFILE AWS_ENDPOINT_URL AWS_SESSION_TOKEN
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1

if [ -z "${TRUSTWATCH:-}" ]; then
    cargo build --quiet --workspace --all-targets
    TRUSTWATCH="${CARGO_TARGET_DIR:-target}/debug/trustwatch"
fi
TRUSTWATCH="$(realpath "$TRUSTWATCH")"
export TRUSTWATCH
scratch="$(mktemp -d)"
data="$scratch/data"
up_pid=
trap 'status=$?; [ -z "$up_pid" ] || { kill "$up_pid" && wait "$up_pid"; } || true; rm -rf "$scratch"; exit $status' EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }

# Starts the system; `s3` is then the URL of its S3.
up() {
    "$TRUSTWATCH" up --data "$data" --port 0 >"$scratch/up.log" 2>&1 &
    up_pid=$!
    for _ in $(seq 300); do
        [ ! -s "$data/endpoints.json" ] || break
        kill -0 "$up_pid" 2>/dev/null || { cat "$scratch/up.log" >&2; fail "trustwatch up ended"; }
        sleep 0.1
    done
    s3="$(field s3 <"$data/endpoints.json")"
    AWS_ACCESS_KEY_ID="$(sed -n 's/^aws_access_key_id = //p' "$data/credentials")"
    AWS_SECRET_ACCESS_KEY="$(sed -n 's/^aws_secret_access_key = //p' "$data/credentials")"
    export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION=eu-west-2 s3
}

# A field of a JSON object on standard input: `field counts.events`.
field() {
    python3 -c 'import functools, json, sys
print(functools.reduce(lambda value, name: value[name], sys.argv[1].split("."), json.load(sys.stdin)))' "$1"
}

# Waits until everything is worked on and balances; the report is then in `report`.
settle() {
    for _ in $(seq 600); do
        # The exit code speaks of what does not balance, which may only be not finished yet.
        report="$("$TRUSTWATCH" verify --data "$data" --json)" && [ "$(field pending <<<"$report")" = 0 ] && return
        sleep 0.2
    done
    "$TRUSTWATCH" verify --data "$data" >&2 || true
    fail "not everything was worked on, or it does not balance"
}
