"""The record of what was done, by whom, to what: written in the transaction of the change itself."""
