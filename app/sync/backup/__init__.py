"""The whole register as one file that both databases are filled from, and the way back."""
