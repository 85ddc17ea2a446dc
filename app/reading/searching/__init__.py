"""Everything but persons found by its words: the index in the database, what keeps it, and what asks it."""
