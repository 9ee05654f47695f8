"""Functions of a few coordinates, angles and spheres."""
