"""The network and its losses in JAX."""

import jax
import jax.numpy as jnp


def arrays(problem, double):
    """The initial parameters as JAX arrays."""
    if double:
        jax.config.update("jax_enable_x64", True)
    kind = jnp.float64 if double else jnp.float32
    return [tuple(jnp.asarray(part, kind) for part in layer) for layer in problem.parameters]


def batch(x, y, problem, double):
    kind = jnp.float64 if double else jnp.float32
    return jnp.asarray(x, kind), jnp.asarray(y, jnp.int32 if problem.is_classification else kind)


def output(parameters, x, activation):
    function = {"relu": jax.nn.relu, "tanh": jnp.tanh}[activation]
    for weight, bias in parameters[:-1]:
        x = function(x @ weight + bias)
    weight, bias = parameters[-1]
    return x @ weight + bias


def loss(z, y, is_classification):
    """Mean cross entropy, or half the mean squared error over all elements."""
    if is_classification:
        picked = jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1)
        return -jnp.mean(picked)
    return 0.5 * jnp.mean((z - y) ** 2)


def fisher_product(z, t, is_classification):
    """tᵀFt, with F the Fisher matrix of the mean loss by the outputs z."""
    if is_classification:
        p = jax.nn.softmax(z)
        centered = t - jnp.sum(p * t, axis=1, keepdims=True)
        return jnp.mean(jnp.sum(p * centered**2, axis=1))
    return jnp.mean(t**2)
