"""What the main job must stand: short forms in every `make test`, long ones in `make torture`."""
