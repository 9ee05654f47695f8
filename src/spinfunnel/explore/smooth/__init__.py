"""Explorers of stationary points of smooth energies."""
