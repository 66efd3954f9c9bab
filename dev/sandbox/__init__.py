"""Local servers that behave like QuickBooks Online and Actionstep.

For development, tests and demonstrations only: they listen on loopback, keep everything
in memory and are never imported by the addon. ``python -m dev.sandbox`` starts them.
"""
