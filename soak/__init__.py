"""Studies in a loop for an hour: memory and open files of the process stay where the first ten minutes left them.

``python -m soak --minutes 60`` tempers, joins and trains again and again, each study with a seed and an atlas of its
own, and prints a table of the memory and the file descriptors with a verdict. ``--leak`` makes it leak on purpose.
"""
