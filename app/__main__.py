"""`python -m app` and the command `shiming`: the operators' commands, the worker and the demonstration beside them."""

from app.cli.root import run, shiming
from app.demo.command import demo
from app.jobs.command import worker

shiming.command()(demo)
shiming.command()(worker)


def main() -> None:
    """The command line."""
    run(shiming)


if __name__ == "__main__":
    main()
