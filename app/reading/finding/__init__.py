"""Persons found by any spelling of a name: the index in the database, and what asks it."""
