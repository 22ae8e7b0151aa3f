"""Whether the installation does today what the duties ask, put together from what the other rooms know."""
