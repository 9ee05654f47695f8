"""Problems: one file a format, each with its row of `spinfunnel.formats.FORMATS_READ`."""
