"""All connections of a worker: how many there may be, and a look at each from time to time."""

import asyncio
import contextlib
import heapq
import resource
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from uvicorn.server import ServerState

LOOK_SECONDS: Final = 5
PATIENCE: Final = 4  # looks after which something has to have happened: 15 to 20 seconds
TAKING: Final = 12  # the same for an answer: a large buffer opens again in large steps
LEAST_BYTES: Final = 10_000  # of a body, or of an answer, that have to pass in that time
MOST: Final = 20_000  # connections of a worker
_RESERVED: Final = 200  # files for everything that is no connection
_PORTION: Final = 16  # the part of all connections that gives way at once, so that looking for them costs little


class Connection(Protocol):
    """What the crowd knows of a connection."""

    @property
    def idle_since(self) -> int | None:
        """Give the look since which there has been nothing to do here; None while there is."""

    def look(self, looks: int) -> None:
        """Give up on a client that is too slow."""

    def make_room(self) -> None:
        """Hang up."""


class Crowd:
    """The connections of a worker."""

    def __init__(self, connections: "set[Connection]", seconds: float, room: int) -> None:
        self._connections = connections
        self._seconds = seconds
        self._room = room
        self._timer: asyncio.TimerHandle | None = None
        self.looks = 0

    def has_room_for(self, new: Connection) -> bool:
        """Tell whether one more can be served, now that those who are idle for longest have given way."""
        if self._timer is None:
            self._wait()
        if len(self._connections) <= self._room:
            return True
        waiting = [(since, id(one), one) for one in self._connections if (since := one.idle_since) is not None]
        leaving = heapq.nsmallest(len(self._connections) // _PORTION + 1, waiting)
        leaving = [one for one in leaving if one[2] is not new]
        for _, _, one in leaving:
            one.make_room()
        return bool(leaving)

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look)

    def _look(self) -> None:
        self.looks += 1
        self._timer = None
        for connection in tuple(self._connections):
            connection.look(self.looks)
        if self._connections:
            self._wait()


_CROWDS: Final[WeakKeyDictionary[ServerState, Crowd]] = WeakKeyDictionary()


def crowd_of(state: ServerState) -> Crowd:
    """Give the crowd of a server."""
    crowd = _CROWDS.get(state)
    if crowd is None:
        crowd = _CROWDS[state] = Crowd(state.connections, LOOK_SECONDS, room())  # type: ignore[arg-type]  # all are Wires
    return crowd


def room() -> int:
    """Give how many connections there may be: as many as there are files for, and not too many."""
    return min(MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _RESERVED)


def raise_the_limit() -> None:
    """Let this process, and those that it starts, open as many files as it is allowed to."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + _RESERVED
    allowed = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    with contextlib.suppress(ValueError, OSError):  # some systems allow less than they say
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
