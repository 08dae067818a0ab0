"""What a command ends with when it cannot do its work."""


class CommandError(Exception):
    """One sentence for the terminal. Exit code 2 says that a setting is wrong, 1 that something is in the way."""

    def __init__(self, sentence: str, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
