"""Images resized, sampled, padded and rearranged."""
