"""The company's calendar of a year, for people to look at."""
