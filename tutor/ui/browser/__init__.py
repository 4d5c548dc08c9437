"""The tutor in a browser on this machine: textual-serve on loopback, with a page of our own."""
