"""What a channel shows to Prometheus, under its own name."""

from prometheus_client import Counter, Gauge, Histogram


class Meters:
    """One for each channel and process."""

    def __init__(self, name: str) -> None:
        says = "Attempts by what came of them: delivered, retried or failed for good."
        self.outcomes = Counter(f"clinch_{name}_deliveries_total", says, ["outcome"])
        buckets = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
        self.seconds = Histogram(f"clinch_{name}_attempt_seconds", "How long receivers took to answer, or not to.", buckets=buckets)
        says = "Deliveries that wait for their first or next attempt, to endpoints that are active."
        self.pending = Gauge(f"clinch_{name}_pending", says)
        self.oldest = Gauge(f"clinch_{name}_oldest_pending_age_seconds", "Age of the oldest of these; 0 when there is none.")

    def begin(self) -> None:
        """0 from the start: a rate needs a figure to begin with."""
        for outcome in ("delivered", "retried", "failed"):
            self.outcomes.labels(outcome)
