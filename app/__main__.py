"""`python -m app` and the command `shiming`: the operators' commands, and the demonstration beside them."""

from app.cli.root import run, shiming
from app.demo.command import demo

shiming.command()(demo)


def main() -> None:
    """The command line."""
    run(shiming)


if __name__ == "__main__":
    main()
