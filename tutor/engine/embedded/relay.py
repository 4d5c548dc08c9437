"""Carries connections between two network namespaces. Standard library only.

A socket keeps the network it was made in, so one process can listen outside and connect inside.
"""

from __future__ import annotations

import errno
import selectors
import socket
import struct
from collections.abc import Callable

_PIECE_BYTES = 64 * 1024
_MAX_CONNECTIONS = 256


class _End:
    """One side of a connection, with what waits to be written to it."""

    __slots__ = ("connecting", "ended", "events", "peer", "pending", "shut", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.peer: _End | None = None
        self.pending = bytearray()
        self.connecting = False
        self.ended = False
        """Nothing more comes from this side."""
        self.shut = False
        """Told that nothing more will be sent to it."""
        self.events = 0


class Relay:
    """Accepts outside, connects inside, copies both ways. Driven by the owner's selector."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        listener: socket.socket,
        target: tuple[str, int],
        source: str,
        may_connect: Callable[[], bool] = lambda: True,
    ) -> None:
        self._selector = selector
        self._listener = listener
        self._target = target
        self._source = source
        self._may_connect = may_connect
        self._ends: set[_End] = set()
        listener.setblocking(False)
        selector.register(listener, selectors.EVENT_READ, self._accept)

    def _accept(self, _: int) -> None:
        try:
            outside, _address = self._listener.accept()
        except OSError:
            return
        outside.setblocking(False)
        if len(self._ends) >= 2 * _MAX_CONNECTIONS or not self._may_connect():
            _reset(outside)
            return
        inside = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        inside.setblocking(False)
        try:
            if self._source:
                inside.bind((self._source, 0))
            code = inside.connect_ex(self._target)
        except OSError as error:
            code = error.errno or errno.EIO
        if code not in (0, errno.EINPROGRESS):
            inside.close()
            _reset(outside)
            return
        left, right = _End(outside), _End(inside)
        left.peer, right.peer = right, left
        right.connecting = code != 0
        self._ends |= {left, right}
        self._watch(left)
        self._watch(right)

    def _watch(self, end: _End) -> None:
        peer = end.peer
        if peer is None or end not in self._ends:
            return
        events = 0
        # What the other side cannot take yet is left in the kernel.
        if not end.ended and not end.connecting and not peer.connecting and len(peer.pending) < _PIECE_BYTES:
            events |= selectors.EVENT_READ
        if end.pending or end.connecting:
            events |= selectors.EVENT_WRITE
        if events == end.events:
            return
        if end.events:
            self._selector.unregister(end.sock)
        if events:
            self._selector.register(end.sock, events, lambda ready, end=end: self._ready(end, ready))
        end.events = events

    def _ready(self, end: _End, ready: int) -> None:
        if end not in self._ends or end.peer is None:
            return
        try:
            if end.connecting:
                if code := end.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    raise OSError(code, "connect")
                end.connecting = False
            if ready & selectors.EVENT_READ:
                data = end.sock.recv(_PIECE_BYTES)
                end.ended = not data
                end.peer.pending += data
            _pass_on(end)
            _pass_on(end.peer)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._drop(end, reset=True)
            return
        if end.ended and end.peer.ended and not end.pending and not end.peer.pending:
            self._drop(end, reset=False)
            return
        self._watch(end)
        self._watch(end.peer)

    def _drop(self, end: _End, *, reset: bool) -> None:
        for side in (end, end.peer):
            if side is None:
                continue
            self._ends.discard(side)
            if side.events:
                self._selector.unregister(side.sock)
                side.events = 0
            if reset:
                _reset(side.sock)
            else:
                side.sock.close()


def _pass_on(side: _End) -> None:
    """Send what waits; when that was all there will ever be, say so, once."""
    if side.pending and not side.connecting:
        del side.pending[: side.sock.send(side.pending)]
    is_last = side.peer is not None and side.peer.ended and not side.pending
    if is_last and not side.connecting and not side.shut:
        side.shut = True
        side.sock.shutdown(socket.SHUT_WR)


def _reset(sock: socket.socket) -> None:
    """Close so that the other side reads "connection reset", which is what Docker's proxy gives."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    finally:
        sock.close()
