"""`python -m lmcourse` is the command `lmcourse`."""

from lmcourse.cli import main

main()
