"""Signing in at a real Keycloak with the realm of deploy/keycloak, without containers: `make test-keycloak`."""
