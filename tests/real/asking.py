"""What machines ask of a resolver. Every resolver is asked all of the table, twice."""

import socket
import struct
import time
from dataclasses import dataclass

KINDS = {"A": 1, "AAAA": 28, "HTTPS": 65}
TIMEOUT_S = 10


@dataclass(frozen=True)
class Question:
    name: str
    kind: str
    machine: int
    blocked: bool = False


@dataclass(frozen=True)
class Lookup:
    """A question as the machine that asked it saw it. Times are seconds since 1970."""

    question: Question
    client: str
    began: float
    ended: float


TABLE = [
    Question("www.school.example", "A", 21),
    Question("www.school.example", "A", 22),
    Question("www.school.example", "AAAA", 21),
    Question("WWW.School.Example", "A", 23),
    Question("xn--caf-dma.school.example", "A", 21),
    Question("secure.school.example", "HTTPS", 22),
    Question("portal.school.example", "A", 21),
    Question("portal.school.example", "AAAA", 21),
    Question("portal.school.example", "HTTPS", 21),
    Question("games.example", "A", 21, blocked=True),
    Question("games.example", "AAAA", 22, blocked=True),
    Question("Play.Games.example", "A", 23, blocked=True),
]


def ask(question: Question, resolver: tuple[str, int], network: str) -> Lookup:
    """One packet there, one back."""
    client = network + str(question.machine)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in question.name.split("."))
    asked = struct.pack(">6H", 4711, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, KINDS[question.kind], 1)
    began = time.time()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.settimeout(TIMEOUT_S)
        sender.bind((client, 0))
        sender.sendto(asked, resolver)
        reply = sender.recv(4096)
    assert reply[:2] == asked[:2], reply
    return Lookup(question, client, began, time.time())
