"""`python -m jaxdl`: the same as the `jaxdl` command."""

from jaxdl.cli import main

main()
