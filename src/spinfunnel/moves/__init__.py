"""Moves and what compiled code knows of a landscape: spins and their flips, descents, symmetry groups, derivatives."""
