"""Untuned AdamQLR in JAX: one compiled function a step (Clarke and Hernández-Lobato 2024, §3)."""

import jax
import jax.numpy as jnp
import numpy
import optax

import harness
import jax_network as network

FIGURES = [
    "loss", "grad_direction_product", "lr_curvature", "learning_rate", "true_change",
    "model_change", "rho", "damping",
]


class JAXAdamQLR:
    __doc__ = __doc__
    NAME = "JAX AdamQLR"
    PACKAGES = ["jax", "optax"]
    TRACES = ["adamqlr-untuned"]

    def __init__(self, problem, double, settings):
        self.problem, self.double = problem, double
        self.initial = network.arrays(problem, double)
        self.adam = optax.scale_by_adam(b1=0.9, b2=0.999, eps=1e-8)
        self.compiled = jax.jit(self.take_step, donate_argnums=0)

    def start(self):
        # A step takes over the memory of the state that it is given.
        point = jax.tree.map(jnp.copy, self.initial)
        self.state = (point, self.adam.init(point), jnp.asarray(1e-3))
        jax.block_until_ready(self.state)

    def set_batch(self, x, y):
        self.batch = network.batch(x, y, self.problem, self.double)

    def step(self):
        self.state, self.last = jax.block_until_ready(self.compiled(self.state, *self.batch))

    def take_step(self, state, x, y):
        parameters, adam_state, damping = state
        is_classification = self.problem.is_classification

        def output(point):
            return network.output(point, x, self.problem.activation)

        def loss_at(point):
            return network.loss(output(point), y, is_classification)

        loss, gradient = jax.value_and_grad(loss_at)(parameters)
        direction, adam_state = self.adam.update(gradient, adam_state)
        # The compiler sees that the outputs are those of the line above.
        outputs, tangent = jax.jvp(output, (parameters,), (direction,))
        slope = optax.tree.vdot(gradient, direction)
        curvature = network.fisher_product(outputs, tangent, is_classification)
        curvature += damping * optax.tree.vdot(direction, direction)
        rate = slope / curvature
        parameters = jax.tree.map(lambda p, d: p - rate * d, parameters, direction)
        change = loss_at(parameters) - loss
        predicted = 0.5 * rate**2 * curvature - rate * slope
        ratio = change / predicted
        damping = jnp.where(
            ratio > 0.75, 0.5 * damping, jnp.where(ratio < 0.25, 2 * damping, damping))
        damping = jnp.maximum(damping, 1e-8)
        # One array, because each result that leaves a compiled function costs a microsecond.
        figures = jnp.stack([loss, slope, curvature, rate, change, predicted, ratio, damping])
        return (parameters, adam_state, damping), figures

    def figures(self):
        return dict(zip(FIGURES, numpy.asarray(self.last)))

    def parameters(self):
        return [tuple(map(numpy.asarray, layer)) for layer in self.state[0]]


if __name__ == "__main__":
    harness.main(JAXAdamQLR)
