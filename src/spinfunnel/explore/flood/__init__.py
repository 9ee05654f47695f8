"""Explorers that visit every state."""
