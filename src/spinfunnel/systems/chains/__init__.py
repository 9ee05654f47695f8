"""Lattice chains: model proteins whose conformations are listed or walked over."""
