"""What a user of stock jax, Flax and optax would write for a case, by the case's name, where there is such a thing."""

from jaxdl.compare.operations.stock import activation, array, convolution, layer, loss, pool
from jaxdl.compare.operations.stock.form import Stock

STOCK: dict[str, Stock] = {
    **array.STOCK,
    **convolution.STOCK,
    **pool.STOCK,
    **activation.STOCK,
    **layer.STOCK,
    **loss.STOCK,
}
