"""Web forms: their definitions, and what people send by them."""
