"""What all faces share: problems, the gate in front of every request, language, seats."""
