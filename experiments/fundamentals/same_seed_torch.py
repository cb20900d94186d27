"""One seed decides everything, in PyTorch: an ordinary script, the twin of same_seed.py, written by hand.

python experiments/fundamentals/same_seed_torch.py
"""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class NeuralNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.layers = nn.Sequential(
            nn.Linear(8 * 8, 128),
            nn.ReLU(),
            nn.Linear(128, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        )

    def forward(self, x):
        return self.layers(self.flatten(x))


def digits(dtype):
    """Training and test digits: four fifths and one fifth, chosen by the seed."""
    images, labels = load_digits(return_X_y=True)
    dataset = TensorDataset(torch.tensor(images / 16, dtype=dtype).reshape(-1, 8, 8), torch.tensor(labels))
    return random_split(dataset, [0.8, 0.2])


def train(dataloader, model, loss_fn, optimizer):
    model.train()
    for batch, (x, y) in enumerate(dataloader):
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if batch % 10 == 0:
            print(f"  batch {batch + 1:2} of {len(dataloader)}: loss {loss.item():.6f}")


def test(dataloader, model, loss_fn):
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for x, y in dataloader:
            logits = model(x)
            loss += loss_fn(logits, y).item() * len(y)
            correct += (logits.argmax(1) == y).sum().item()
    size = len(dataloader.dataset)
    print(f"  test: loss {loss / size:.6f}, accuracy {correct / size:.4f}")


def main(seed=0, epochs=3, batch_size=32, learning_rate=0.3, dtype=torch.float32):
    torch.manual_seed(seed)
    training_data, test_data = digits(dtype)
    training_loader = DataLoader(training_data, batch_size=batch_size, shuffle=True)
    test_loader = DataLoader(test_data, batch_size=batch_size)
    model = NeuralNetwork().to(dtype)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    for epoch in range(epochs):
        print(f"epoch {epoch + 1}")
        train(training_loader, model, loss_fn, optimizer)
        test(test_loader, model, loss_fn)


# The script's parts, as `python -m experiments check same_seed` asks for them.
def model(config):
    digits(torch.float32)  # the split draws before the weights do
    return NeuralNetwork()


loss = nn.CrossEntropyLoss()


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.learning_rate)


def accuracy(logits, target):
    return (logits.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


if __name__ == "__main__":
    main()
