"""What follows the feed: targets that are sent the events they want, each with a place in the feed and deliveries of its own."""
