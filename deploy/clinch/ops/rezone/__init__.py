"""`clinch rezone`: the company's time zone and reporting currency changed, with all data that depend on them.

Each database has a row for the change in its table `company`: moving, moved, done. So the command knows what is left to do when it was
cut off, and no service starts in between.
"""
