"""The directory of parties that every service keeps from what lead-svc tells: accounts, people, and the keys that others call them by."""
