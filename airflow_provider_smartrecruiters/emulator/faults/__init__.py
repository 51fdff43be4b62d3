"""What goes wrong: faults that can be injected, and which requests they hit."""
