"""What is raised where a caller gave something that cannot be used."""


class ArgumentError(ValueError):
    """An argument is out of its range, or does not fit the others.

    The message is one sentence that begins with the argument's name as it was typed. The command line shows it under
    the name of the option, and a page under the label of the control.

    Attributes:
        argument: the argument's name in Python.
        problem: the rest of the sentence: what is needed, and what was given.

    Example:
        >>> error = ArgumentError("steps", "must be at least 1, got 0")
        >>> str(error), error.argument
        ('steps must be at least 1, got 0', 'steps')
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(argument, problem)
        self.argument = argument
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.argument} {self.problem}"


class ClusterUnavailable(ValueError):
    """A cluster of computers cannot be used from here; the message says why."""
