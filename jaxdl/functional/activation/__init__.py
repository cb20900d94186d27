"""Functions of one element after another, and softmax."""
