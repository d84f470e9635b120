"""What people ask of a filter, and what they get. Every filter is asked all of the table, twice."""

from dataclasses import dataclass

PASSWORD = "otters-and-oaks"
# Logins as they are typed, and the machine each of them sits at (the last number of a loopback address).
PEOPLE = {"pat.ash": 21, "sam.elm": 22, "OAK\\kim.oak": 23, None: 24}
BLOCKED_SITE = "games.example"
AGENT = 'Mozilla/5.0 ("X 11" Test) School/1.0'


@dataclass(frozen=True)
class Request:
    user: str | None
    method: str
    url: str
    outcome: str = "allowed"
    search_terms: str | None = None
    password: str = PASSWORD
    body: bytes = b""
    agent: str = AGENT


@dataclass(frozen=True)
class Visit:
    """A request and its answer, as the person's own machine saw them. Times are seconds since 1970."""

    request: Request
    client: str
    began: float
    ended: float
    status: int
    content_type: str | None
    wire_bytes: int
    body_bytes: int


SITE = "http://www.school.example"
LONG = f"{SITE}/long?" + "&".join(f"page{n}=" + "x" * 40 for n in range(50))
TABLE = [
    Request("pat.ash", "GET", f"{SITE}/"),
    Request("sam.elm", "GET", f"{SITE}/news/?page=2&for=year%207"),
    Request("OAK\\kim.oak", "GET", f"{SITE}/staff"),
    Request("pat.ash", "GET", f"{SITE}/cached"),
    Request("sam.elm", "GET", f"{SITE}/cached"),
    Request("pat.ash", "HEAD", f"{SITE}/files/maths.pdf"),
    Request("pat.ash", "GET", f"{SITE}/files/maths.pdf"),
    Request("sam.elm", "GET", f"{SITE}/files/homework.odt"),
    Request("pat.ash", "GET", f"{SITE}/chunked"),
    Request("pat.ash", "GET", f"{SITE}/cut"),
    Request("pat.ash", "GET", f"{SITE}/missing"),
    Request("pat.ash", "GET", f"{SITE}/moved"),
    Request("sam.elm", "POST", f"{SITE}/beacon", body=b"seen=1"),
    Request("sam.elm", "POST", f"{SITE}/essay", body=b"The Romans built roads. " * 400),
    Request("pat.ash", "GET", f"{SITE}:8099/term"),
    Request("pat.ash", "GET", f"{SITE}/caf%C3%A9/men%C3%BA?taste=cr%C3%A8me+br%C3%BBl%C3%A9e"),
    Request("pat.ash", "GET", f"{SITE}/café?d=é"),
    Request("pat.ash", "GET", f'{SITE}/say?what="well"&"then"'),
    # An agent that would pass for other columns, where quotes were believed.
    Request("pat.ash", "GET", f"{SITE}/agent", agent='"A" 200 1 sam.elm - - "B'),
    Request("pat.ash", "GET", LONG[:2000]),
    Request("pat.ash", "GET", "http://www.google.co.uk/search?q=roman+roads&hl=en", search_terms="roman roads"),
    Request("sam.elm", "GET", "http://www.bing.com/search?q=caf%C3%A9+menus", search_terms="café menus"),
    Request("pat.ash", "CONNECT", "secure.school.example:443"),
    Request("OAK\\kim.oak", "CONNECT", "secure.school.example:443"),
    Request("pat.ash", "GET", f"http://{BLOCKED_SITE}/play?level=3", "blocked"),
    Request("pat.ash", "POST", f"http://{BLOCKED_SITE}/score", "blocked", body=b"points=9"),
    Request("sam.elm", "CONNECT", f"{BLOCKED_SITE}:443", "blocked"),
    Request("pat.ash", "GET", f"{SITE}/", "challenged", password="forgotten"),
    Request(None, "GET", f"{SITE}/", "challenged"),
    Request(None, "CONNECT", "secure.school.example:443", "challenged"),
]

# What is asked of a proxy that opens TLS.
INSPECTED = [
    Request("pat.ash", "GET", "https://secure.school.example/files/maths.pdf?version=2"),
    Request("sam.elm", "POST", "https://secure.school.example/essay", body=b"The Romans built roads. " * 400),
    Request("OAK\\kim.oak", "GET", "https://www.google.co.uk/search?q=roman+roads", search_terms="roman roads"),
    Request("pat.ash", "GET", f"https://{BLOCKED_SITE}/play?level=3", "blocked"),
]
