"""Commands that talk to a running system over HTTP, as any client does."""
