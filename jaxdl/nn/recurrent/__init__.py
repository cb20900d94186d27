"""RNN, LSTM and GRU: one step, and whole stacks of layers."""
