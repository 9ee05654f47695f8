"""Explorers that sample states of spins and chains."""
