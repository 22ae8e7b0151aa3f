"""The console of the staff: pages over the same services as the JSON of `docs/api.md` part 9."""
