"""The made-up sites: one server, whatever the host's name."""

import socketserver
import ssl
import threading
from email.utils import formatdate
from pathlib import Path

PDF = b"%PDF-1.7\n" + b"x" * 90_000
CUT_AFTER = 1000


def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a page."""
    pages = {
        "/files/maths.pdf": ({"Content-Type": "application/pdf"}, PDF),
        "/files/homework.odt": ({"Content-Type": "application/vnd.oasis.opendocument.text"}, b"PK" + b"z" * 5000),
        "/cached": ({"Content-Type": "text/html", "Cache-Control": "public, max-age=3600"}, b"<p>kept</p>" * 50),
        "/cut": ({"Content-Type": "text/html"}, b"<p>half of this is lost</p>" * 200),
    }
    if path == "/missing":
        return 404, {"Content-Type": "text/html"}, b"<p>no such page</p>"
    if path == "/moved":
        return 302, {"Content-Type": "text/html", "Location": "/"}, b""
    if path == "/beacon":
        return 204, {}, b""
    headers, body = pages.get(path, ({"Content-Type": "text/html"}, b"<p>A school's page</p>" * 40))
    return 200, headers, body


class Page(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        words = self.rfile.readline().decode("utf-8", "replace").split(" ")
        if len(words) < 3:
            return
        length = 0
        while (line := self.rfile.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        self.rfile.read(length)
        method, path = words[0], words[1].partition("?")[0]
        status, headers, body = answer(method, path)
        if path == "/chunked":
            headers["Transfer-Encoding"] = "chunked"
            sent = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:300], body[300:])) + b"0\r\n\r\n"
        else:
            headers["Content-Length"] = str(len(body))
            sent = body[:CUT_AFTER] if path == "/cut" else body
        headers["Date"] = formatdate(usegmt=True)
        head = f"HTTP/1.1 {status} -\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.wfile.write(head.encode() + b"Connection: close\r\n\r\n" + (b"" if method == "HEAD" else sent))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True


class Secure(Server):
    def __init__(self, address: tuple[str, int], certificate: Path):
        super().__init__(address, Page)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)


def serve(server: Server) -> None:
    """Answers until the process ends."""
    threading.Thread(target=server.serve_forever, daemon=True).start()


def serve_all(address: str, secure: str, certificate: Path) -> None:
    """What goes through tunnels to `address` is as good as encrypted to a filter; `secure` speaks TLS."""
    for port in (80, 443, 8099):
        serve(Server((address, port), Page))
    serve(Secure((secure, 443), certificate))
