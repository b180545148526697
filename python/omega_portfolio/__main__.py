"""``python -m omega_portfolio`` is the command ``omega-portfolio``."""

from omega_portfolio.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
