"""What a visit to a page leaves in the log of a proxy that states all of it."""

from typing import Any
from urllib.parse import urlsplit

from browsing import Visit
from compare import Expected


def of(visit: Visit, tick_s: float = 0.001, **otherwise: Any) -> Expected:
    """`tick_s` is how exactly the log states times; `otherwise` are columns that it states in its own way."""
    request = visit.request
    parts = urlsplit(request.url if "://" in request.url else f"//{request.url}")
    user = request.user and request.user.rpartition("\\")[2]
    columns = {
        "user_name": user,
        "source_ip": visit.client,
        "http_method": request.method,
        "url_scheme": parts.scheme or None,
        "url_domain": parts.hostname,
        "url_port": parts.port,
        "url_path": parts.path or None,
        "url_query": parts.query or None,
        "search_terms": request.search_terms,
        "action": request.outcome,
        "http_status": visit.status,
        "bytes_in": visit.wire_bytes,
        "content_type": visit.content_type and visit.content_type.split(";")[0],
        "user_agent": request.agent,
    }
    return Expected.stamped(visit.began, visit.ended, tick_s, columns | otherwise)
