#!/usr/bin/env bash
# Real log lines of others, where they lie beside this repository: shipped through the system they must balance, and
# the parsers must find what others expect of them. Usage: tests/corpus.sh [CORPUS [TOOLS]]
source "$(dirname "$0")/common.sh"
corpus="${1:-../shared/corpus}"
tools="${2:-${corpus%/}/../tools}"
formats=(squid fortinet cisco_umbrella)
coverage_min=0.97
if [ ! -d "$corpus" ]; then
    # A folder that somebody named must be there, and where changes are let in none goes unproved.
    [ $# -eq 0 ] && [ -z "${CI:-}" ] || fail "$corpus is no folder"
    echo "corpus: SKIPPED, $corpus is not here: nothing was checked against real lines" >&2
    exit 0
fi
up
shipped=0
for format in "${formats[@]}"; do
    # Some lines are as old as 2006: what lies behind even this horizon is a reject, and balances as one.
    "$TRUSTWATCH" feed set --data "$data" --school corpus --feed "${format//_/-}" --format "$format" \
        --horizon-days 3660 >/dev/null
    for file in "$corpus/$format"/*; do
        case "$file" in *.expected.jsonl) continue ;; esac
        "$TRUSTWATCH" ship --data "$data" --school corpus --feed "${format//_/-}" "$file" >/dev/null
        shipped=$((shipped + 1))
    done
done
settle
[ "$shipped" -gt 0 ] || fail "$corpus holds no file of ${formats[*]}"
[ "$(field objects <<<"$report")" = "$shipped" ] || fail "$shipped files were shipped: $report"
[ "$(field quarantined <<<"$report")" = 0 ] || fail "$report"
echo "corpus: $shipped files, $(field counts.lines <<<"$report") lines, $(field counts.events <<<"$report") events," \
    "$(field counts.rejects <<<"$report") rejects; every line has its place"

for format in "${formats[@]}"; do
    agreed="$(python3 "$tools/agree.py" --parse "$TRUSTWATCH parse" --format "$format" "$corpus")"
    echo "$agreed"
    coverage="$(tail -n 1 <<<"$agreed" | sed -n 's/^coverage \([0-9.]*\) .*/\1/p')"
    python3 -c 'import sys; sys.exit(float(sys.argv[1]) < float(sys.argv[2]))' "${coverage:-0}" "$coverage_min" ||
        fail "$format: coverage ${coverage:-unknown} is below $coverage_min"
done
