"""A copy of another register that follows it: ``vestka mirror``."""
