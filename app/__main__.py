"""Where a command begins: who stops it while its parts are still read is not told where in them that was."""

import signal
import sys


def main() -> int:
    """Carry out a command, see `app.cli`."""
    awaited = signal.getsignal(signal.SIGINT)
    if awaited is signal.default_int_handler:  # and not ignored, as in the background
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from app.cli import main as carry_out  # noqa: PLC0415 - it takes the second in which somebody may stop it

    signal.signal(signal.SIGINT, awaited)
    return carry_out()


if __name__ == "__main__":
    sys.exit(main())
