"""Imports of files: pieces go into the database as they come, a first pass finds how they are read, then a worker takes the rows.

Neither side holds the file in memory (workbooks aside, which are bounded), and each batch of rows moves the job's position in its own
transaction: a kill at any instant loses no row and takes none twice.
"""
