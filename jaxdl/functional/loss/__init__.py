"""Loss functions: a prediction and a target to a number."""
