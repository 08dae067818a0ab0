"""Open work: what somebody has to do, each kind declared once with the events that open, change and settle it.

metrics-svc lists it over all services (`GET /v1/tasks`). The edge of every service names in its answers what the request settled, since
that list lags by the log's moment.
"""
