"""Real filters write logs of what is asked of them, and trustwatch must say the same. Usage: school.py SCRATCH"""

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import filters
import sites
from compare import Expected, compare
from inspection import authority
from log import Log
from trust import Trust

# Some logs state whole seconds: rounds lie further apart than that.
BETWEEN_ROUNDS_S = 1.2
MAIMED = "maimed"


def browse(asked: list[filters.Asked], network: str) -> dict[str, list[Expected]]:
    """Asks every filter all of its table: what is then to be read of each feed."""
    expected: dict[str, list[Expected]] = {}
    for each in asked:
        answers = [each.ask(line, each.filter.address, network) for line in each.table]
        for log in each.filter.logs:
            expected[log.feed] = [event for answer in answers for event in log.expects(answer)]
    time.sleep(BETWEEN_ROUNDS_S)
    return expected


def two_rounds(scratch: Path, trust: Trust) -> tuple[list[Log], dict[str, list[Expected]]]:
    """What grows is shipped after each round, and what is rotated is rotated in between."""
    # An address of this run alone, so that ports can be the usual ones.
    network = f"127.80.{os.getpid() % 250 + 1}."
    certificate = scratch / "site.pem"
    authority(certificate, "secure.school.example")
    sites.serve_all(network + "1", network + "2", certificate)
    with ExitStack() as running:
        asked = filters.start(scratch, network, running)
        logs = [log for each in asked for log in each.filter.logs]
        for log in logs:
            trust.add_feed(log, log.feed)
        first = browse(asked, network)
        for log in logs:
            if log.grows:
                trust.ship(log.feed, log.pack(log.path, scratch))
        for each in asked:
            each.filter.rotate()
        second = browse(asked, network)
    for log in logs:
        for file in (log.rotated, log.path):
            if file is not None:
                trust.ship(log.feed, log.pack(file, scratch))
    return logs, {feed: first[feed] + second[feed] for feed in first}


def ship_without_a_line(log: Log, scratch: Path, trust: Trust) -> None:
    """The same log once more, on a feed of its own, and nobody's last request in it."""
    trust.add_feed(log, MAIMED)
    file = scratch / "maimed.log"
    file.write_bytes(b"".join(log.path.read_bytes().splitlines(keepends=True)[:-1]))
    trust.ship(MAIMED, file)


def main(scratch: Path) -> None:
    trust = Trust()
    logs, expected = two_rounds(scratch, trust)
    whole = next(log for log in logs if log.feed == "squid-custom")
    ship_without_a_line(whole, scratch, trust)
    trust.settle()
    events = trust.events()
    wrong = {log.feed: compare(expected[log.feed], events.get(log.feed, [])) for log in logs}
    for feed, complaints in wrong.items():
        print(f"{feed}: {len(expected[feed])} expected, {len(events.get(feed, []))} events, {len(complaints)} wrong")
        print(*(f"  {complaint}" for complaint in complaints), sep="\n", end="\n" if complaints else "")
    assert not any(wrong.values()), "trustwatch says otherwise than what was asked"
    missed = compare(expected[whole.feed], events[MAIMED])
    assert len(missed) == 1 and missed[0].startswith("no event for"), f"a line was taken out, and only: {missed}"
    print("Every request has its event, and every event its request.")


main(Path(sys.argv[1]))
