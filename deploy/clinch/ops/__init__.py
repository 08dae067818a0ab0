"""Commands for operations: look, check, back up, restore, change the bus, the zone or the currency."""
