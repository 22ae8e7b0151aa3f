"""The words everything else is built from; standard library only."""
