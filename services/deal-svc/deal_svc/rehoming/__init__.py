"""Setting right which account a deal is with."""
