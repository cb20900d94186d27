"""Many runs at once: every combination of some numbers and seeds, trained by one compiled program."""
