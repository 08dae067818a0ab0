"""What leads, deals, contracts and payments derive from each other."""
