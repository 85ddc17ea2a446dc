"""`python3 run.py bench [PART] …`: measures what the documents promise."""

import runpy
import sys

_PARTS = {
    "serving": "how fast requests are answered (the default)",
    "names": "how well names are found, beside two baselines",
    "names_served": "how long searches for names take through the API",
    "names_groups": "the same by kind of spelling and by land",
}


def main() -> None:
    """Hand on to the part that was asked for."""
    asked = sys.argv[1] if len(sys.argv) > 1 else "serving"
    if asked in {"-h", "--help"}:
        print("usage: python3 run.py bench [PART] …; `bench PART --help` tells more\n")
        print("\n".join(f"  {name:14}{text}" for name, text in _PARTS.items()))
        return
    name = asked if asked in _PARTS else "serving"
    rest = sys.argv[2:] if asked in _PARTS and len(sys.argv) > 1 else sys.argv[1:]
    sys.argv = [f"bench {name}", *rest]
    runpy.run_module(f"bench.{name}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
