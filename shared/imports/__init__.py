"""CSV imports: a file goes into the database in pieces as it is uploaded, and a worker takes it row by row from there.

Neither side ever holds the file in memory, and each batch of rows moves the job's position in its own transaction: a kill at any
instant loses no row and takes none twice.
"""
