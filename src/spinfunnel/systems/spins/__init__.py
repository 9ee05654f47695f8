"""Landscapes of bits: spin systems, optimisation problems, networks with binary weights."""
