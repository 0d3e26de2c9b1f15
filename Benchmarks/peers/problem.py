"""What a peer works on: a network, and examples, as NumPy arrays.

NumPy is imported where it is used, since PyTorch's peers run without it where they measure larger
networks, as those of the GPU bundle do.
"""

import json

RELU, TANH = "relu", "tanh"
MLP, RESNET, GPT2 = "mlp", "resnet18", "gpt2"


class Problem:
    """A multilayer perceptron: `parameters` is a list of (weight [inputs, outputs], bias [outputs]),
    one for each layer. `inputs` is [N, inputs]; `targets` is [N, outputs], or integer labels [N]
    where `is_classification`.

    Or a larger network of PyTorch's peers alone, which torch_network.random_problem draws: `module`,
    with inputs and targets on its device, and products as `matmul` says.
    """

    def __init__(
            self, parameters, activation, is_classification, inputs, targets, model=MLP,
            module=None, matmul="float"):
        self.model = model
        self.parameters = parameters
        self.activation = activation
        self.is_classification = is_classification
        self.inputs = inputs
        self.targets = targets
        self.module = module
        self.matmul = matmul

    @staticmethod
    def random(sizes, batch_size, is_classification):
        """Rectified layers between `sizes`, and as many random examples as make one batch."""
        import numpy

        generator = numpy.random.default_rng(0)

        def normal(*shape):
            return generator.standard_normal(shape).astype(numpy.float32)

        parameters = [
            (normal(fan_in, fan_out) / numpy.float32(fan_in) ** 0.5, numpy.zeros(fan_out, "float32"))
            for fan_in, fan_out in zip(sizes, sizes[1:])
        ]
        if is_classification:
            targets = generator.integers(sizes[-1], size=batch_size)
        else:
            targets = normal(batch_size, sizes[-1])
        return Problem(parameters, RELU, is_classification, normal(batch_size, sizes[0]), targets)


class Trace:
    """A reference trace: the problem, the optimizer's settings, and the figures of each step."""

    def __init__(self, path):
        with open(path) as file:
            content = json.load(file)
        layers = len(content["model"]["sizes"]) - 1
        targets = _array(content["targets"])
        self.problem = Problem(
            _layers(content["initial_parameters"], layers), content["model"]["activation"],
            targets.dtype.kind == "i", _array(content["inputs"]), targets)
        self.final_parameters = _layers(content["final_parameters"], layers)
        self.settings = content["optimizer"]
        self.batches = content["batches"]
        self.steps = content["steps"]


def _array(entry):
    import numpy

    return numpy.array(entry["values"]).reshape(entry["shape"])


def _layers(entries, count):
    return [(_array(entries["w%d" % i]), _array(entries["b%d" % i])) for i in range(count)]
