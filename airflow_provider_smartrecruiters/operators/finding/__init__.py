"""What the search operators do in a task: page by page, kept for a retry, and written where batches read it."""
