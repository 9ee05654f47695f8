"""The verdict: measures in, kind of landscape out."""
