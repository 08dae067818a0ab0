"""What a customer does with a quote by their link: look at it, say yes or no. No token; whoever has the link is the customer."""
