"""Why a running container gave no answer, told from what listens inside."""

from __future__ import annotations

import re

from tutor.core.evidence import ContainerEvidence
from tutor.core.http import HttpExchange
from tutor.grading.words import excerpt, listed

_PORT_IN_LOG = re.compile(
    r"(?:listen|serv|start)\w*[^\n]*?(?P<address>(?:[\d.]+|\[::\]|localhost)?:(?P<port>\d{2,5}))\b",
    re.IGNORECASE,
)


def explain_no_answer(exchange: HttpExchange, container: ContainerEvidence | None) -> tuple[str, str, str]:
    """What was seen, why, and the next place to look."""
    actual = f"No answer came: {excerpt(exchange.error) or 'the connection was closed'}."
    if container is None:
        return actual, "", ""
    port = container.port
    if not container.state.is_running:
        return (
            f"{actual} The container has ended meanwhile (exit code {container.state.exit_code}).",
            "The program ended while it was asked.",
            "Read the end of the container's log.",
        )
    if container.listeners is None:
        return _from_log(actual, container, port)
    if not container.listeners:
        return (
            f"{actual} Nothing listens inside the container.",
            "The program runs, and has opened no port.",
            "Read the container's log: it says how far the program came.",
        )
    here = [listener for listener in container.listeners if listener.port == port]
    if here and all(listener.is_loopback for listener in here):
        return (
            f"{actual} Inside, port {port} is open on {here[0].address} only.",
            "An address that begins with 127 can be reached from within the container alone.",
            f"Let the service listen on all addresses: :{port}.",
        )
    if not here:
        open_ports = sorted({str(listener.port) for listener in container.listeners}, key=int)
        return (
            f"{actual} It was asked on port {port}, and inside, port {listed(open_ports)} is open.",
            "EXPOSE is a note. What counts is where the program listens.",
            f"Compare PORT in the Dockerfile with port {port}, which is published.",
        )
    return actual, "The port is open, and the service does not answer.", "Read the container's log."


def _from_log(actual: str, container: ContainerEvidence, port: int) -> tuple[str, str, str]:
    for line in container.log:
        match = _PORT_IN_LOG.search(line)
        if match is None:
            continue
        if int(match["port"]) != port:
            return (
                f'{actual} It was asked on port {port}, and its log says: "{excerpt(line, 100)}".',
                "EXPOSE is a note. What counts is where the program listens.",
                f"Compare PORT in the Dockerfile with port {port}, which is published.",
            )
        if match["address"].startswith(("127.", "localhost")):
            return (
                f'{actual} Its log says: "{excerpt(line, 100)}".',
                "That address can be reached from within the container alone.",
                f"Let the service listen on all addresses: :{port}.",
            )
    return actual, "", ""
