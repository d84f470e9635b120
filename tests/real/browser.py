"""A person's browser: one connection a request, and every byte of the answer counted."""

import base64
import socket
import ssl
import time
from dataclasses import replace
from urllib.parse import urlsplit

from browsing import PEOPLE, Request, Visit

TIMEOUT_S = 20


def visit(request: Request, proxy: tuple[str, int], network: str) -> Visit:
    """Asks a proxy, from the machine in `network` (`127.80.1.`) at which the person sits."""
    client = network + str(PEOPLE[request.user])
    began = time.time()
    with socket.create_connection(proxy, TIMEOUT_S, (client, 0)) as connection:
        if request.url.startswith("https:"):
            connection.sendall(head(connect(request)))
            established(connection)
            received = inside(connection, request)
        elif request.method == "CONNECT" and request.outcome == "allowed":
            connection.sendall(head(request))
            received = established(connection)
            host = request.url.split(":")[0]
            connection.sendall(f"GET /within HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            received += everything(connection)
        else:
            connection.sendall(head(request) + request.body)
            received = everything(connection)
    ended = time.time()
    top, _, body = received.partition(b"\r\n\r\n")
    status, *lines = top.decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    if headers.get("transfer-encoding") == "chunked":
        body = unchunked(body)
    code, kind = int(status.split(" ")[1]), headers.get("content-type")
    return Visit(request, client, began, ended, code, kind, len(received), len(body))


def head(request: Request) -> bytes:
    host = request.url.removeprefix("http://").split("/")[0]
    lines = [f"{request.method} {request.url} HTTP/1.1", f"Host: {host}", f"User-Agent: {request.agent}", "Connection: close"]
    if request.user is not None:
        login = base64.b64encode(f"{request.user}:{request.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {login}")
    if request.body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(request.body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def connect(request: Request) -> Request:
    """The tunnel in which a page is asked for."""
    return replace(request, method="CONNECT", url=f"{urlsplit(request.url).hostname}:443", body=b"")


def established(connection: socket.socket) -> bytes:
    """Waits until the tunnel stands."""
    said = b""
    while b"\r\n\r\n" not in said:
        part = connection.recv(65536)
        assert part, f"no tunnel: {said!r}"
        said += part
    assert b" 200 " in said, said
    return said


def inside(connection: socket.socket, request: Request) -> bytes:
    """Asks through the TLS that the proxy opens; whose authority it is does not matter here."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    parts = urlsplit(request.url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    lines = [f"{request.method} {path} HTTP/1.1", f"Host: {parts.hostname}", f"User-Agent: {request.agent}"]
    lines += ["Connection: close", f"Content-Length: {len(request.body)}"]
    with context.wrap_socket(connection, server_hostname=parts.hostname) as within:
        within.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + request.body)
        return everything(within)


def unchunked(body: bytes) -> bytes:
    whole = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if (length := int(size, 16)) == 0:
            return whole
        whole, body = whole + body[:length], body[length + 2 :]


def everything(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)
