"""What a look-up of a name leaves in the log of a resolver."""

from asking import Lookup
from compare import Expected


def of(lookup: Lookup, *outcomes: str | None) -> list[Expected]:
    """One event an outcome. Resolvers state whole seconds."""
    columns = {
        "http_method": None,
        "url_domain": lookup.question.name.lower(),
        "url_path": None,
        "url_query": None,
        "user_name": None,
        "source_ip": lookup.client,
        "bytes_in": None,
        "precision": "domain",
    }
    return [Expected.stamped(lookup.began, lookup.ended, 1, columns | {"action": outcome}) for outcome in outcomes]
