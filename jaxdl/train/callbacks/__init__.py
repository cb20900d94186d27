"""What looks at a run between device calls: early stopping, a rate that falls, TensorBoard."""
