"""Deadlines: what has to happen by a time, from the event that starts it to the one that meets it.

A service declares `Clocks` once for a kind of record, and a `Deadline` for each: which events start, meet, stop, pause and resume it, how
long it is, and when to warn. All else follows: the rows, the timers, what is told, what answers show and lists find.
"""
