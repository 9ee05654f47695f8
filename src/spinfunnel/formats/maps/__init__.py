"""Maps: one file a format, each with its row of `spinfunnel.formats.export.FORMATS`."""
