"""A mutation fuzzer of everything that reads files: valid examples, changed at random, end in an answer or a sentence.

``python -m fuzz`` runs for an hour; ``python -m fuzz --inputs 100000`` runs so many inputs; ``--target NAME`` one
reader alone. What is neither read nor refused in one sentence is a finding, and is kept under ``fuzz/found``.
"""
