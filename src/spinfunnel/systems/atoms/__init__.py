"""Atoms and beads in space."""
