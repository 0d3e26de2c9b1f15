"""Adam in JAX, with optax: one compiled function a step."""

import jax
import jax.numpy as jnp
import numpy
import optax

import harness
import jax_network as network


class JAXAdam:
    __doc__ = __doc__
    NAME = "JAX Adam"
    PACKAGES = ["jax", "optax"]
    TRACES = ["adam"]

    def __init__(self, problem, double, settings):
        self.problem, self.double = problem, double
        self.initial = network.arrays(problem, double)
        self.adam = optax.adam((settings or {}).get("learning_rate", 1e-3))
        self.compiled = jax.jit(self.take_step, donate_argnums=0)

    def start(self):
        # A step takes over the memory of the state that it is given.
        point = jax.tree.map(jnp.copy, self.initial)
        self.state = (point, self.adam.init(point))
        jax.block_until_ready(self.state)

    def set_batch(self, x, y):
        self.batch = network.batch(x, y, self.problem, self.double)

    def step(self):
        self.state, self.loss = jax.block_until_ready(self.compiled(self.state, *self.batch))

    def take_step(self, state, x, y):
        parameters, adam_state = state

        def loss_at(point):
            outputs = network.output(point, x, self.problem.activation)
            return network.loss(outputs, y, self.problem.is_classification)

        loss, gradient = jax.value_and_grad(loss_at)(parameters)
        update, adam_state = self.adam.update(gradient, adam_state)
        return (optax.apply_updates(parameters, update), adam_state), loss

    def figures(self):
        return {"loss": self.loss}

    def parameters(self):
        return [tuple(map(numpy.asarray, layer)) for layer in self.state[0]]


if __name__ == "__main__":
    harness.main(JAXAdam)
