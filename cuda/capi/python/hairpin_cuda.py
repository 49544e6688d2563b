"""The fused SGD update of all trials, from Python: device pointers in, one launch a step. Needs numpy.

    import numpy, torch, hairpin_cuda

    rates = numpy.full((1000, 8192), 0.1, numpy.float32)          # [steps, trials]
    optimizer = hairpin_cuda.Optimizer("libhairpin_cuda_capi.so", rates, size=4096, momentum=0.9)
    params, velocity = torch.randn(8192, 4096, device="cuda"), torch.zeros(8192, 4096, device="cuda")
    for step in range(1000):
        grads = ...                                                # f32, as long as params
        optimizer.step(torch.cuda.current_stream().cuda_stream, params.data_ptr(), grads.data_ptr(),
                       velocity.data_ptr(), params.numel())

The rate of a step is the table's row: nothing is uploaded, and nothing waits. Tensors are contiguous f32, trial after trial. The step
counter lives on the device, so that a captured graph replays through the schedule; say `prepare` before replaying.
"""

import ctypes

import numpy

CHECK_GRADIENTS = 1
END_DIVERGED = 2


class _Plan(ctypes.Structure):
    _fields_ = [
        *[(name, ctypes.c_uint32) for name in ("trials", "first", "steps", "rows")],
        *[(name, ctypes.c_void_p) for name in ("rates", "momenta")],
        ("size", ctypes.c_uint64),
        *[
            (name, ctypes.c_void_p)
            for name in ("sizes", "group_lengths", "group_multipliers", "group_weight_decays")
        ],
        *[(name, ctypes.c_uint32) for name in ("groups", "options")],
        *[
            (name, ctypes.c_void_p)
            for name in ("momentum", "dampening", "weight_decay", "gradient_scale", "nesterov")
        ],
        ("fused", ctypes.c_uint32),
    ]


class Refused(RuntimeError):
    """What the library says it did not do, and why."""


def _array(values, kind, count):
    """`count` values of one kind; one value stands for all."""
    return None if values is None else numpy.ascontiguousarray(numpy.broadcast_to(values, (count,)), kind)


class Optimizer:
    """Trials that are updated together.

    `rates` is `[steps, trials]`, f32. Numbers of the update are one for all trials, or one each. `groups` are the lengths of each trial's
    parameter groups, with their `multipliers` of the rate and `weight_decays` (NaN for the trial's own). `fused` rounds as torch does.
    """

    def __init__(
        self, library, rates, size=0, *, sizes=None, groups=None, multipliers=None, weight_decays=None, momentum=None,
        dampening=None, weight_decay=None, gradient_scale=None, nesterov=None, fused=False, options=0, ordinal=0,
    ):
        self._library = ctypes.CDLL(str(library))
        self._library.hairpin_cuda_last_error.restype = ctypes.c_char_p
        self._gpu, self._optimizer = ctypes.c_void_p(), ctypes.c_void_p()
        rates = numpy.ascontiguousarray(rates, numpy.float32)
        steps, trials = rates.shape
        count = 0 if groups is None else len(groups)
        # Kept until the plan was read.
        arrays = {
            "rates": rates,
            "sizes": _array(sizes, numpy.uint64, trials),
            "group_lengths": _array(groups, numpy.uint64, count),
            "group_multipliers": _array(multipliers, numpy.float64, count),
            "group_weight_decays": _array(weight_decays, numpy.float64, count),
            "momentum": _array(momentum, numpy.float64, trials),
            "dampening": _array(dampening, numpy.float64, trials),
            "weight_decay": _array(weight_decay, numpy.float64, trials),
            "gradient_scale": _array(gradient_scale, numpy.float64, trials),
            "nesterov": _array(nesterov, numpy.uint8, trials),
        }
        plan = _Plan(trials=trials, steps=steps, size=size, groups=count, options=options, fused=int(fused))
        for name, array in arrays.items():
            setattr(plan, name, None if array is None else array.ctypes.data)
        self._call("open", ctypes.c_uint32(ordinal), ctypes.byref(self._gpu))
        self._call("optimizer_new", self._gpu, ctypes.byref(plan), ctypes.byref(self._optimizer))

    def _call(self, name, *arguments):
        if getattr(self._library, f"hairpin_cuda_{name}")(*arguments) != 0:
            raise Refused(self._library.hairpin_cuda_last_error().decode())

    def step(self, stream, params, grads, velocity, count):
        """Launches a step over `count` floats at each address, on a stream given by its handle. Without momentum `velocity` is 0."""
        self._call("step", self._optimizer, *map(ctypes.c_uint64, (stream, params, grads, velocity, count)))

    def prepare(self, stream, steps):
        """Sees to the rates of the next `steps` steps, which a graph takes that is launched on `stream` after this."""
        self._call("prepare", self._optimizer, ctypes.c_uint64(stream), ctypes.c_uint32(steps))

    def go_to(self, step):
        """Goes to `step` after all that was asked before, with all trials running and velocities that begin there."""
        self._call("set_step", self._optimizer, ctypes.c_uint32(step), None, None, None)

    def __del__(self):
        if getattr(self, "_optimizer", None):
            self._library.hairpin_cuda_optimizer_free(self._optimizer)
        if getattr(self, "_gpu", None):
            self._library.hairpin_cuda_close(self._gpu)
