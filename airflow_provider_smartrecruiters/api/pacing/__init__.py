"""Rate and concurrency limits of a credential: kept in one process, and shared between processes."""
