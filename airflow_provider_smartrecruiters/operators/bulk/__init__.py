"""One task for many records: the task behind ``.bulk()``."""
