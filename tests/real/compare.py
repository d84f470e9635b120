"""Events held against what was asked. Every expectation has one event, and every event one expectation."""

import math
from dataclasses import dataclass
from typing import Any

Event = dict[str, Any]
# What tells requests apart; all other columns must then agree.
IDENTITY = ("http_method", "url_domain", "url_path", "url_query")

# The clock of whole seconds is a tick of the kernel behind the exact one.
EARLY_S = 0.01
# A tunnel is logged when the filter has noticed that it is closed.
LATE_S = 0.5


@dataclass(frozen=True)
class Expected:
    """What an event must hold. Times are seconds since 1970, and the event lies between them."""

    began: float
    ended: float
    columns: Event

    @classmethod
    def stamped(cls, began: float, ended: float, tick_s: float, columns: Event) -> "Expected":
        """In a log that states times in steps of `tick_s`, cut off."""
        return cls(math.floor((began - EARLY_S) / tick_s) * tick_s, ended + LATE_S, columns)


def compare(expected: list[Expected], events: list[Event]) -> list[str]:
    """What is wrong, in words; nothing if all is well. Both in the order in which they happened."""
    open_, wrong = list(expected), []
    for event in events:
        found = next((each for each in open_ if same(each.columns, event)), None)
        if found is None:
            wrong.append(f"nobody asked for {name(event)} at {event['event_at']}")
            continue
        open_.remove(found)
        wrong += [f"{name(event)}: {complaint}" for complaint in complaints(found, event)]
    return wrong + [f"no event for {name(each.columns)} at {each.began}" for each in open_]


def same(columns: Event, event: Event) -> bool:
    return all(columns[column] == event[column] for column in IDENTITY)


def complaints(expected: Expected, event: Event) -> list[str]:
    wrong = [
        f"{column} is {event[column]!r} and not {value!r}"
        for column, value in expected.columns.items()
        if event[column] != value
    ]
    if not expected.began <= event["event_at"] <= expected.ended:
        wrong.append(f"event_at {event['event_at']} is not within {expected.began} and {expected.ended}")
    return wrong


def name(columns: Event) -> str:
    return " ".join(str(columns[column])[:80] for column in IDENTITY)
