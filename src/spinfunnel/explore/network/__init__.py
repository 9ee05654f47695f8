"""Explorers of the landscapes of neural networks."""
