"""The process that carries out writes for a worker, see `app.core.carrying`."""

import signal
import socket
import sys

import uvloop

from app.core.carrying import carry_out
from app.main import written_apart


def main() -> None:
    """Carry out what is asked on the line whose number was given, until the worker is gone."""
    # Whoever stops the server ends the worker, and this with it, when all that was asked has been answered.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    uvloop.run(carry_out(socket.socket(fileno=int(sys.argv[1])), written_apart))


if __name__ == "__main__":
    main()
