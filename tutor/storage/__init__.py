"""Progress, settings, paths, journal and atomic files."""
