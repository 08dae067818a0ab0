"""Commands for developers: the generated documents, and what a change of them would break."""
