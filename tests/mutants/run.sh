#!/bin/sh
# Breaks one invariant after the other in a scratch copy and requires the test that is named in the patch to fail.
# Before that the named tests must pass in the unbroken copy.
#
# usage: tests/mutants/run.sh [patch…]
#
# A patch begins with `# test: <test target> <test name>`. The copy and its build lie under the target directory
# and stay there, so that the next run builds little.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
scratch=$target/mutants
tree=$scratch/tree

if [ $# -eq 0 ]; then
    set -- "$root"/tests/mutants/*.patch
fi

# What was built here of other crates need not be built again there: names of files in it are links to the same
# blocks, for whoever writes one there writes a new one. Members of the workspace are built for themselves, without what
# only debuggers need.
if [ ! -d "$scratch/target/debug" ] && [ -d "$target/debug/deps" ]; then
    mkdir -p "$scratch/target/debug/deps" "$scratch/target/debug/.fingerprint"
    cp -al "$target/debug/build" "$scratch/target/debug/build"
    find "$target/debug/deps" -maxdepth 1 -type f -name 'lib*' ! -name 'libtrustwatch*' -print0 |
        xargs -0 cp -al -t "$scratch/target/debug/deps"
    find "$target/debug/.fingerprint" -mindepth 1 -maxdepth 1 ! -name 'trustwatch*' -print0 |
        xargs -0 cp -a -t "$scratch/target/debug/.fingerprint"
fi
mkdir -p "$tree"
(cd "$root" && git ls-files --cached --others --exclude-standard -z) >"$scratch/files"
# What is gone here must go there; what is equal keeps its time there, so that it is not built again.
(cd "$tree" && find . -type f -print) | sed 's|^\./||' | while IFS= read -r file; do
    [ -e "$root/$file" ] || rm "$tree/$file"
done
(cd "$root" && tar --null -T "$scratch/files" -cf -) | (mkdir -p "$scratch/new" && cd "$scratch/new" && tar -xf -)
(cd "$scratch/new" && find . -type f -print) | while IFS= read -r file; do
    if [ ! -e "$tree/$file" ]; then
        mkdir -p "$(dirname "$tree/$file")"
        cp -p "$scratch/new/$file" "$tree/$file"
    elif ! cmp -s "$scratch/new/$file" "$tree/$file"; then
        # A new time, or a build of a mutant would be taken for one of this.
        cp "$scratch/new/$file" "$tree/$file"
    fi
done
rm -rf "$scratch/new"

export CARGO_TARGET_DIR="$scratch/target"
export CARGO_PROFILE_DEV_DEBUG=0
export RUST_BACKTRACE=0

# run <log> <test target> <test name>: whether exactly that test ran and passed. The whole workspace is selected, so
# that dependencies keep their features and are not built again.
run() {
    (cd "$tree" && cargo test --workspace --test "$2" -- --exact "$3") >"$1" 2>&1 || return 1
    grep -q '^test result: ok. 1 passed' "$1" || { echo "no test of this name" >>"$1"; return 1; }
}

test_of() {
    sed -n '1s/^# test: //p' "$1"
}

began=$(date +%s)
failed=0
for patch in "$@"; do
    test_of "$patch"
done | sort -u | {
    bad=0
    while read -r binary name; do
        run "$scratch/clean.log" "$binary" "$name" || {
            echo "without a patch $binary $name fails:" >&2
            tail -40 "$scratch/clean.log" >&2
            bad=1
        }
    done
    exit $bad
}

printf '%-42s %-9s %s\n' mutant fate test
for patch in "$@"; do
    label=$(basename "$patch" .patch)
    log=$scratch/$label.log
    test=$(test_of "$patch")
    binary=${test%% *}
    name=${test#* }
    if ! (cd "$tree" && patch -p1 --dry-run --forward --fuzz=0 <"$patch") >"$log" 2>&1; then
        fate=stale
    elif ! (cd "$tree" && patch -p1 <"$patch") >"$log" 2>&1; then
        fate=stale
    elif run "$log" "$binary" "$name"; then
        fate=SURVIVED
    elif grep -q "^test $name \.\.\. FAILED" "$log"; then
        fate=killed
    else
        # It does not build, or the test is gone: that proves nothing.
        fate=broken
    fi
    [ "$fate" = stale ] || (cd "$tree" && patch -p1 -R <"$patch") >/dev/null
    [ "$fate" = killed ] || failed=$((failed + 1))
    printf '%-42s %-9s %s %s\n' "$label" "$fate" "$binary" "$name"
done
echo "$# mutants in $(($(date +%s) - began)) s"
[ "$failed" -eq 0 ] || { echo "$failed of the mutants were not killed; see $scratch/*.log" >&2; exit 1; }
