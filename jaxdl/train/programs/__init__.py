"""What makes a Program: supervised learning, the least value of a function, players against each other."""
