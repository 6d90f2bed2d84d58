import sys

from tallybook import parse, summary


def main() -> None:
    try:
        print(summary([parse(text) for text in sys.argv[1:]]))
    except ValueError as error:
        sys.exit(f"tallybook: {error}")
