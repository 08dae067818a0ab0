"""In which words events are told to people, and how often a channel may be told: policy."""
