"""One task for many records: what ``.bulk()`` of an operator returns."""
