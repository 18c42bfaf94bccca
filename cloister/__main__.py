"""`python -m cloister` is the `cloister` command."""

from cloister.main import main

main()
