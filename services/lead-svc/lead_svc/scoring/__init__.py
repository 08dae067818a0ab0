"""The score of a lead: what the rules of the company's model give it, explained rule by rule, and the MQL that follows from it."""
