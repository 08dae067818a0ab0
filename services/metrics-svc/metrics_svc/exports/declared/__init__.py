"""The exports of facts, by what they are about."""
