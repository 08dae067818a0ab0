"""Imports of files: stored in pieces, surveyed in a first pass, then taken row by row by a worker.

Neither side holds the file in memory (workbooks aside, which are bounded), and each batch of rows moves the job's position in its own
transaction: a kill at any instant loses no row and takes none twice.
"""
