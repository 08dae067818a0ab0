"""A year of a believable sales team: `plan` draws it, `play` carries it out."""
