"""Acts that are done with many records at once: asked for in one request, done record by record by a worker, as the person who asked.

Each record is changed by the command that the act's own route calls, with the same checks and the same events. What is refused is kept
with its reason and stops no other record. A batch of records, their events and how far the job is are one transaction.
"""
