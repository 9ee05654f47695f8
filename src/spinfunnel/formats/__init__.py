"""Files: what is read and what is written, one file a format."""
