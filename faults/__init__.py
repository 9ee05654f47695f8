"""Faults on purpose: what is killed, starved, locked out or cut off loses nothing and goes on to the same answer.

``python -m faults --kills 1000`` kills explorations at random moments, opens each atlas, finishes each run and
compares it with an uninterrupted one. Then it fills disks, locks atlases, lets the clock jump, kills the workers of
sweeps, and restarts PostgreSQL where that is installed. ``--seed`` repeats the same moments.
"""
