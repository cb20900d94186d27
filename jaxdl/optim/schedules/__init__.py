"""torch.optim.lr_scheduler's schedulers as functions of the step: `schedule(step)` is the learning rate after `step`
calls of `scheduler.step()`.

They go where optax takes a schedule: `optim.sgd(schedules.cosine_annealing_lr(0.1, T_max=50))`.

>>> from jaxdl.optim import schedules
>>> schedules.step_lr(0.1, step_size=30)(29)
0.1
"""

from jaxdl.optim.schedules.composed import chained_scheduler, sequential_lr
from jaxdl.optim.schedules.cyclic import (
    cosine_annealing_lr,
    cosine_annealing_warm_restarts,
    cyclic_lr,
    one_cycle_lr,
)
from jaxdl.optim.schedules.decay import (
    constant_lr,
    exponential_lr,
    lambda_lr,
    linear_lr,
    multi_step_lr,
    multiplicative_lr,
    polynomial_lr,
    step_lr,
)
from jaxdl.optim.schedules.plateau import Plateau, PlateauState, reduce_lr_on_plateau
from jaxdl.optim.schedules.schedule import Schedule

__all__ = [
    "Plateau",
    "PlateauState",
    "Schedule",
    "chained_scheduler",
    "constant_lr",
    "cosine_annealing_lr",
    "cosine_annealing_warm_restarts",
    "cyclic_lr",
    "exponential_lr",
    "lambda_lr",
    "linear_lr",
    "multi_step_lr",
    "multiplicative_lr",
    "one_cycle_lr",
    "polynomial_lr",
    "reduce_lr_on_plateau",
    "sequential_lr",
    "step_lr",
]
