"""What the tasks of this package share: the hook, guards, parameters and files."""
