"""What is raised where two frameworks differ."""


class ParityError(AssertionError):
    """The two frameworks differ by more than the tolerance, or in what they hold."""
