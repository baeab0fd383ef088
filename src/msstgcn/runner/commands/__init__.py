"""The commands, a module a group: thin ones over the functions that notebooks and tests call too."""
