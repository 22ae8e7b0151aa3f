"""How the parts are put together, and what will not start."""
