"""BI tools on the database of figures: their role and views, and the gate to those of an embedded system."""
