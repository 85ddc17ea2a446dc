"""Tests, which start the program again and again: what is compiled of it is kept, whatever the surroundings say."""

import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the processes that tests start inherit this
