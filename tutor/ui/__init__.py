"""The terminal interface. Dumb: it shows what the session tells and passes on what is wished."""
