"""What only reads: waits for a status."""
