"""`make bench`: how fast the sync is, measured in one run; see README.md."""
