#!/usr/bin/env python3
"""Measures `trustwatch convert` beside DuckDB and chdb: gzip log in, Parquet out, one thread.

    tests/bench/run.py                   # everything; needs target/release/trustwatch
    tests/bench/run.py --only-peers      # the peers alone
    tests/bench/run.py --runs 9 --lines 200000

What is measured is CPU time, user and system, of whole processes: wall time on a shared machine says little.
The sides run in turn, so that a slow minute hits each of them, and the medians are compared. Row counts of the
outputs must agree with the lines that went in, else the figures would compare different work.
Results go to target/bench.json as well.
"""

import argparse
import gzip
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
VENV = ROOT / ".venv"
PINNED = ["duckdb==2.0.0", "chdb==4.4.0"]
OURS = "trustwatch"
PEERS = {"duckdb": "duck.py", "chdb": "ch.py"}
# Our name of the format, and the one that the peers' scripts take.
FORMATS = {"squid": "squid", "fortinet": "forti", "cisco_umbrella": "umb"}
MEMORY_LINES = 3_000_000


def fail(message):
    sys.exit(f"bench: {message}")


def python_with_peers():
    """The interpreter of a virtual environment that has the pinned peers; made when it is not there."""
    python = VENV / "bin" / "python"
    if not python.exists():
        print(f"making {VENV.relative_to(ROOT)} …", flush=True)
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)])
        if made.returncode:
            fail("`python3 -m venv` does not work here; on Debian it is the package python3-venv")
    wanted = "; ".join(f"assert version('{name}') == '{number}'" for name, number in (p.split("==") for p in PINNED))
    check = [str(python), "-c", f"from importlib.metadata import version; {wanted}"]
    if subprocess.run(check, stderr=subprocess.DEVNULL).returncode:
        print(f"installing {', '.join(PINNED)} …", flush=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINNED]
        if subprocess.run(pip).returncode:
            fail(f"pip could not install {', '.join(PINNED)}")
    return python


def find_generator(given):
    """The example that writes the inputs; it is built when it is not there."""
    if given:
        return Path(given).absolute()
    generator = TARGET / "release" / "examples" / "generate"
    if not generator.exists():
        print("building the generator …", flush=True)
        build = ["cargo", "build", "--release", "--package", "trustwatch-local", "--example", "generate"]
        if subprocess.run(build, cwd=ROOT).returncode:
            fail("the generator does not build: `cargo build --release -p trustwatch-local --example generate`")
    return generator


def generate(generator, layout, lines, directory):
    """A gzip file of that many lines, its path and the bytes of its text. An earlier one is not used again: the
    generator may have changed since."""
    path = directory / f"{layout}-{lines}.log.gz"
    made = subprocess.run([str(generator), "--layout", layout, "--lines", str(lines), "--gzip", str(path)])
    if made.returncode:
        fail(f"the generator failed for {layout}")
    raw = 0
    with gzip.open(path, "rb") as text:
        while piece := text.read(1 << 20):
            raw += len(piece)
    return path, raw


def run(command, log):
    """CPU seconds, wall seconds and peak memory in MB of one process."""
    with open(log, "wb") as out:
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        # wait4 counts this child alone; getrusage would sum up all children so far.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
    if process.returncode:
        tail = Path(log).read_text(errors="replace")[-800:]
        fail(f"{' '.join(map(str, command))}\nended with {process.returncode}:\n{tail}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return {"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": wall, "peak_mb": usage.ru_maxrss / unit}


def command_of(side, python, binary, layout, source, out):
    if side == OURS:
        options = ["--format", layout, "--threads", "1", "--columns", "bench"]
        return [str(binary), "convert", *options, str(source), str(out)]
    return [str(python), str(HERE / "peers" / PEERS[side]), FORMATS[layout], str(source), str(out), "1"]


def rows_of(python, path):
    """Rows of a Parquet file, as DuckDB reads them: someone else than the one who wrote ours."""
    count = "import duckdb, sys; print(duckdb.sql(f\"select count(*) from '{sys.argv[1]}'\").fetchall()[0][0])"
    done = subprocess.run([str(python), "-c", count, str(path)], capture_output=True, text=True)
    if done.returncode:
        fail(f"{path} cannot be read: {done.stderr[-400:]}")
    return int(done.stdout)


def cpu_name():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    except OSError:
        return "unknown"
    return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else "unknown"


def machine(sides, binary):
    versions = {name: number for name, number in (pin.split("==") for pin in PINNED)}
    if OURS in sides:
        versions[OURS] = first_line([str(binary), "--version"]).removeprefix(f"{OURS} ")
    versions["commit"] = first_line(["git", "rev-parse", "--short", "HEAD"])
    versions["rustc"] = first_line(["rustc", "--version"]).removeprefix("rustc ")
    versions["python"] = platform.python_version()
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_before": os.getloadavg()[0],
        "versions": versions,
    }


def measure(layout, sides, args, python, binary, generator, directory):
    """All runs of one layout."""
    source, raw = generate(generator, layout, args.lines, directory)
    runs = {side: [] for side in sides}
    rows = {}
    # The first round warms the page cache and gives the outputs whose rows are counted; it is not measured.
    for number in range(args.runs + 1):
        for side in sides:
            out = directory / f"{layout}-{side}.parquet"
            out.unlink(missing_ok=True)
            used = run(command_of(side, python, binary, layout, source, out), directory / f"{side}.log")
            if number == 0:
                rows[side] = rows_of(python, out)
            else:
                runs[side].append(used)
        if sys.stderr.isatty():
            print(f"\r{layout}: round {number} of {args.runs} ", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r" + " " * 60, end="\r", file=sys.stderr, flush=True)
    wrong = {side: count for side, count in rows.items() if count != args.lines}
    if wrong:
        fail(f"{layout}: {args.lines} lines went in, but the outputs have {wrong} rows")
    figures = {}
    for side in sides:
        cpu = statistics.median(used["cpu_s"] for used in runs[side])
        figures[side] = {
            "cpu_s": cpu,
            "mb_per_cpu_s": raw / 1e6 / cpu,
            "peak_mb": max(used["peak_mb"] for used in runs[side]),
            "output_bytes": (directory / f"{layout}-{side}.parquet").stat().st_size,
            "runs": runs[side],
        }
    return {"layout": layout, "lines": args.lines, "raw_bytes": raw, "gzip_bytes": source.stat().st_size,
            "rows": rows, "sides": figures}


def growth(args, python, binary, generator, directory):
    """Our peak memory on a small and on a large file: it must not follow the size."""
    peaks = {}
    for lines in (args.lines, MEMORY_LINES):
        source, raw = generate(generator, "squid", lines, directory)
        out = directory / "memory.parquet"
        out.unlink(missing_ok=True)
        used = run(command_of(OURS, python, binary, "squid", source, out), directory / "memory.log")
        if (rows := rows_of(python, out)) != lines:
            fail(f"squid: {lines} lines went in, but the output has {rows} rows")
        peaks[lines] = {"peak_mb": used["peak_mb"], "cpu_s": used["cpu_s"], "raw_bytes": raw}
        source.unlink()
    return peaks


def table(results, sides):
    head = ["format", "raw MB"]
    for side in sides:
        head += [f"{side} CPU s", "MB/s", "peak MB"]
    peers = [side for side in sides if side != OURS] if OURS in sides else []
    head += [f"x {peer}" for peer in peers]
    rows = [head]
    for result in results:
        row = [result["layout"], f"{result['raw_bytes'] / 1e6:.0f}"]
        for side in sides:
            of = result["sides"][side]
            row += [f"{of['cpu_s']:.2f}", f"{of['mb_per_cpu_s']:.1f}", f"{of['peak_mb']:.0f}"]
        row += [f"{result['sides'][peer]['cpu_s'] / result['sides'][OURS]['cpu_s']:.2f}" for peer in peers]
        rows.append(row)
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
        print("  ".join(cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="measured runs of each side, at least five (default 5)")
    parser.add_argument("--lines", type=int, default=200_000, help="lines of each input (default 200000)")
    parser.add_argument("--layout", action="append", choices=FORMATS, help="only this layout; may be repeated")
    parser.add_argument("--only-peers", action="store_true", help="leave trustwatch out")
    parser.add_argument("--binary", default=TARGET / "release" / "trustwatch", help="the trustwatch to measure")
    parser.add_argument("--generator", help="a generator that is built already")
    args = parser.parse_args()
    if args.runs < 5:
        fail("a median of fewer than five runs says little; take --runs 5 or more")
    binary = Path(args.binary).absolute()
    if not args.only_peers and not os.access(binary, os.X_OK):
        fail(f"{binary} is not built: run `cargo build --release --bin trustwatch`, or measure with --only-peers")
    sides = ([] if args.only_peers else [OURS]) + list(PEERS)
    python, generator = python_with_peers(), find_generator(args.generator)
    directory = TARGET / "bench"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)

    about = machine(sides, binary)
    print(f"{about['cpu']}, {about['cores']} cores, {about['system']}, load {about['load_before']:.1f}")
    print(", ".join(f"{name} {number}" for name, number in about["versions"].items()))
    print(f"{args.lines} lines a format, gzip, one thread, medians of {args.runs} runs; CPU s is user + system\n")
    layouts = args.layout or list(FORMATS)
    results = [measure(layout, sides, args, python, binary, generator, directory) for layout in layouts]
    table(results, sides)

    report = {"machine": about, "runs": args.runs, "formats": results}
    if OURS in sides:
        peaks = growth(args, python, binary, generator, directory)
        small, large = (peaks[lines]["peak_mb"] for lines in (args.lines, MEMORY_LINES))
        print(f"\npeak memory, Squid: {small:.0f} MB at {args.lines} lines, {large:.0f} MB at {MEMORY_LINES}"
              f" ({large / small:.2f} times)")
        report["memory"] = peaks
    path = TARGET / "bench.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\nall runs: {path}")


if __name__ == "__main__":
    main()
