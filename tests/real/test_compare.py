"""What goes wrong is found: the comparison by itself."""

import pytest
from compare import Expected, compare

PAGE = {"http_method": "GET", "url_domain": "www.school.example", "url_path": "/", "url_query": None}
COLUMNS = PAGE | {"user_name": "pat.ash", "bytes_in": 880, "action": "allowed"}
EXPECTED = [Expected(100.0, 101.0, COLUMNS), Expected(110.0, 111.0, COLUMNS)]
EVENTS = [COLUMNS | {"event_at": 100.5}, COLUMNS | {"event_at": 110.5}]


def test_what_agrees_is_nothing_wrong():
    assert compare(EXPECTED, EVENTS) == []


@pytest.mark.parametrize(
    "column, value", [("user_name", "sam.elm"), ("bytes_in", 881), ("action", "blocked"), ("event_at", 3700.5)]
)
def test_a_wrong_value_is_named(column, value):
    (wrong,) = compare(EXPECTED, [EVENTS[0] | {column: value}, EVENTS[1]])
    assert column in wrong and str(value) in wrong


@pytest.mark.parametrize("column", PAGE)
def test_an_event_of_another_page_is_one_too_many_and_one_too_few(column):
    wrong = compare(EXPECTED, [EVENTS[0], EVENTS[1] | {column: "other"}])
    assert [complaint.split(" for")[0] for complaint in wrong] == ["nobody asked", "no event"]


def test_a_request_without_an_event_is_missed():
    assert compare(EXPECTED, EVENTS[:1]) == ["no event for GET www.school.example / None at 110.0"]


def test_an_event_that_nobody_asked_for_is_found():
    (wrong,) = compare(EXPECTED, [*EVENTS, EVENTS[0] | {"event_at": 112.0}])
    assert wrong.startswith("nobody asked for GET www.school.example")
