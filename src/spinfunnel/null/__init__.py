"""Nulls: ensembles made from the landscape itself, without its topography or without its design."""
