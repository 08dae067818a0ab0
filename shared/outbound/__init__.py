"""Messages to other systems: signed, sent with retries, listed and sent again. And callbacks from them."""
