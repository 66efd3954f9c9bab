"""`make chaos`: two Odoo processes are killed again and again while they push.

    python -m dev.chaos --seed 7 --kills 25 --documents 400

Two firms with servers of their own share one database. While both Odoo processes push,
they are killed with SIGKILL at random moments and started again; the servers cut
connections, answer late, wrongly or not at all; the database ends sessions and lets
others win; and the firms' people go on working. Then everything is left alone until
nothing is open, and both sides are compared to the cent.

All choices come from one random number generator: the same seed makes the same
mischief in the same order. The moments are the machine's.

What is not as in a firm: time. The addon's waits (a connection's ``resume_at``, a
job's ``eta``, a document's ``retry_at``, the schedule) are set due in the database
(``schedule.py``). The Odoo processes wait `READ_SECONDS` for an answer, not 110, and
the addon's other times of one request are shorter by as much (``worker.py``).
"""

# For how long the client waits for an answer.
READ_SECONDS = 8.0
# How late a request begins that the client does not see the end of. It ends before
# Intuit would end it, at 120 s of the client's 110: also a batch of 30.
LATE_SECONDS = READ_SECONDS + 0.1
# What an item of a batch and any other call take at the server.
ITEM_SECONDS = 0.01
CALL_SECONDS = 0.02
