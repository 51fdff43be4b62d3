"""The HTTP layer: sessions, credentials, retries, deadlines, and how a response becomes a value or an error."""
