"""The process that carries out writes for a worker, see `app.core.carrying`."""

import os
import signal
import socket
import sys
from typing import Final

import uvloop

from app.core.carrying import carry_out
from app.main import written_apart

# Where all processors are at work, whoever reads comes first, and this has a quarter of one at least.
_LATER: Final = 5


def main() -> None:
    """Carry out what is asked on the line whose number was given, until the worker is gone."""
    # Whoever stops the server ends the worker, and this with it, when all that was asked has been answered.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(_LATER)
    uvloop.run(carry_out(socket.socket(fileno=int(sys.argv[1])), written_apart))


if __name__ == "__main__":
    main()
