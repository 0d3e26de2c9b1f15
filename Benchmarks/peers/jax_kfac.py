"""K-FAC as kfac-jax has it, with the paper's settings: everything adaptive, inverses every step."""

import jax
import jax.numpy as jnp
import kfac_jax
import numpy

import harness
import jax_network as network


def evaluate_equation(equation, values):
    """Stands in for kfac-jax's function of this purpose, which expects two results of
    get_bind_params; since jax 0.9.2 it has one."""
    parameters = equation.primitive.get_bind_params(equation.params)
    result = equation.primitive.bind(*values, **parameters)
    return result if isinstance(result, list) else [result]


kfac_jax.tag_graph_matcher.eval_jaxpr_eqn = evaluate_equation


class JAXKFAC:
    __doc__ = __doc__
    NAME = "kfac-jax"
    PACKAGES = ["jax", "kfac-jax"]
    TRACES = ["kfac-adaptive-fisher-exact"]

    def __init__(self, problem, double, settings):
        self.problem, self.double = problem, double
        self.initial = network.arrays(problem, double)
        settings = settings or {}

        def loss_at(parameters, batch):
            x, y = batch
            z = network.output(parameters, x, problem.activation)
            if problem.is_classification:
                kfac_jax.register_softmax_cross_entropy_loss(z, y)
            else:
                # Half the squared error, and averaged over the outputs.
                kfac_jax.register_squared_error_loss(z, y, weight=0.5 / z.shape[1])
            return network.loss(z, y, problem.is_classification)

        self.optimizer = kfac_jax.Optimizer(
            jax.value_and_grad(loss_at), l2_reg=0.0, use_adaptive_learning_rate=True,
            use_adaptive_momentum=True, use_adaptive_damping=True, initial_damping=1.0,
            damping_adaptation_interval=settings.get("damping_adaptation_interval", 1),
            inverse_update_period=1, num_burnin_steps=0, multi_device=False,
            estimation_mode=settings.get("estimation_mode", "fisher_gradients"))

    def start(self):
        # The optimizer takes over the memory of what it is given.
        self.point = jax.tree.map(jnp.copy, self.initial)
        self.keys = list(jax.random.split(jax.random.key(0), harness.STEPS_PER_RUN))
        self.state = self.optimizer.init(self.point, self.keys[0], self.batch)
        jax.block_until_ready((self.point, self.keys, self.state))
        self.count = 0

    def set_batch(self, x, y):
        self.batch = network.batch(x, y, self.problem, self.double)

    def step(self):
        self.point, self.state, self.last = jax.block_until_ready(
            self.optimizer.step(
                self.point, self.state, self.keys[self.count], batch=self.batch,
                global_step_int=self.count))
        self.count += 1

    def figures(self):
        return self.last

    def parameters(self):
        return [tuple(map(numpy.asarray, layer)) for layer in self.point]


if __name__ == "__main__":
    harness.main(JAXKFAC)
