"""History: how frontiers moved in time."""
