"""The values of arguments and records: the gate that they pass, their normal form, their types, and how two differ."""
