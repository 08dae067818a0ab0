"""Days on which a person is away, and when a person works."""
