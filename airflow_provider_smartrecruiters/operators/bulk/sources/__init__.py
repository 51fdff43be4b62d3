"""Where the items of a batch come from: a list, a file, a plan, or the results of an earlier batch."""
