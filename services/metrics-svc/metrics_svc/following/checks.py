"""What `clinch verify` asks of a kind of target."""

from collections.abc import Sequence

from metrics_svc.following.patterns import MATCHES
from shared.verify import Check


def checks(name: str, label: str, *, wanted: str = MATCHES) -> Sequence[Check]:
    """`label` is what people call such a target."""
    return (
        Check(
            7,
            f"each event that {label} has come to and wants has its delivery, or had it and was cleaned away",
            f"""
            SELECT w.id || ' ' || f.position FROM {name} w JOIN {name}_cursor c ON c.{name}_id = w.id
            JOIN feed f ON f.position > greatest(c.matched_from, c.forgotten_to) AND f.position <= c.position
            LEFT JOIN {name}_delivery d ON d.{name}_id = w.id AND d.position = f.position
            WHERE w.state <> 'removed' AND d.id IS NULL AND {wanted}
            """,
        ),
        Check(
            7,
            f"nothing is delivered that {label} has not come to",
            f"SELECT d.id FROM {name}_delivery d JOIN {name}_cursor c ON c.{name}_id = d.{name}_id WHERE d.position > c.position",
        ),
    )
