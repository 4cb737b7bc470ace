"""`python -m candlewick`."""

from candlewick.cli import main

if __name__ == "__main__":
    main()
