"""`python -m app` and the command `shiming`: the operators' commands, the worker and the demonstration beside them."""

import os

from app.cli.root import run, shiming
from app.demo.command import demo
from app.jobs.command import worker

shiming.command()(demo)
shiming.command()(worker)


_LAST_STANDARD_STREAM = 2


def main() -> None:
    """The command line."""
    _fill_closed_streams()
    run(shiming)


def _fill_closed_streams() -> None:
    """A standard stream that came closed would be the next file or socket that is opened, and be written into."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST_STANDARD_STREAM:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


if __name__ == "__main__":
    main()
