"""Reads images and binaries: layers, files, ELF, Go build info. Executes and unpacks nothing."""
