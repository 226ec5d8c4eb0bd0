"""`python -m bot` is `yiju`."""

from bot.cli import main

main()
