"""What an operator asks first: what runs, what waits, what is wrong, and what helps next."""
