"""Talk HTTP: sessions, credentials, retries, deadlines, and what an answer means."""
