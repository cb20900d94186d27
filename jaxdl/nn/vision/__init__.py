"""Images resized, padded and rearranged."""
