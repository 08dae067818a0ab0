"""How leads are followed up: the first response in time, then a next touch by grade until it is converted or given up."""
