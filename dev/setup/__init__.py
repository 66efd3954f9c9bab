"""Sets up Odoo 19, PostgreSQL and Python under `.work/` and runs them."""
