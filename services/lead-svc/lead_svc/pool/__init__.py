"""The pool: leads that nobody owns, who may claim them, and which leads come back to it by themselves."""
