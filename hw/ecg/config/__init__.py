"""What a heartbeat classifier is: a network of integers (what), processing elements and memories (how)."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ...config import Config
from ...fixed import signed_width
from .schedule import passes, reads, share

MOST_LAYERS, MOST_WIDTH = 8, 1024


class EcgConfig(Config):
    """Layers of neurons that sum counts of spikes and fire by the sum, and the class with the largest last sum.

    A layer takes counts ``n_i`` of 0 to T; a *sum-spike-and-fire* neuron (``neuron = ssf``) gives

        V = sum_i w_i n_i + T b ;  n' = clip(floor(4 V / theta4), 0, T)

    with theta in quarters, ``theta = theta4 / 4``: a quantised ReLU that reads each weight once. V starts at T b;
    inputs join in order, and after each V is clamped to ``accumulator`` bits of two's complement. The last layer has no
    theta. The class is the first of the largest V; its confidence is that V less the largest of the others, at most
    ``2^(accumulator - 1) - 1``.

    ``neuron = if``: the same network as *integrate-and-fire* in T steps. Count n becomes spikes in the steps t of 1 to
    T where ``floor(t n / T) > floor((t - 1) n / T)``; in each step every layer takes the spikes s_i that the layer
    before gives in that step:

        U <- U + 4 (sum_i w_i s_i + b) ;  s = [U >= theta4] ;  U <- U - theta4 s

    U starts at 0 and holds quarters in ``accumulator + 2`` bits; in each step 4 b joins first, then the inputs in
    order, and after each U is clamped. The last layer's U never fires; after step T it takes V's place, and the
    confidence is a quarter of the lead, rounded down.

    Parameters
    ----------
    network : str
        What the network is called.
    steps : int
        T, the largest count, 1 to 63.
    widths : tuple of int
        Inputs, and neurons of each layer; at least 2 in the last.
    weights : tuple of matrices of int
        For each layer a row for each neuron, with a weight for each input.
    biases : tuple of tuples of int
        For each layer b of each neuron.
    thetas : tuple of tuples of int
        For each layer but the last theta4 of each neuron, at least 1.
    weight_bits : tuple of int
        Bits of a stored weight of each layer, 2 to 8.
    weight_kinds : tuple of str
        For each layer ``integer`` (two's complement) or ``pow2``: a sign and an exponent code, 0 for the weight 0,
        and e for the magnitude ``2^(e - 1)``.
    bias_bits : int
        Bits of b in two's complement, 2 to 16.
    theta_bits : int
        Bits of theta4, unsigned, 1 to 16.
    accumulator : int
        Bits of V, 8 to 24.
    neuron : str
        ``ssf`` or ``if``.
    pes : int
        Processing elements, 1 to 16; who works on what is in :mod:`~nervure.hw.ecg.config.schedule`.
    storage : str
        ``constants``: the network is in the logic. ``loaded``: in a memory behind a load port; the network here is the
        one that the memory has room for.
    coding : str
        How weights are stored: ``dense``, ``bitmap`` (a bit for each weight, and those that are not 0), or ``runs``
        (each weight that is not 0 with the number of zeros before it).
    gating : bool
        Whether registers are enabled only while a beat is worked on.
    interface : str
        ``stream``: valid and ready. ``start``: start, busy and done.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.

    Source: the neurons are those of SparrowSNN, arXiv 2406.06543; thetas of quarters, and all sizes, are our own.
    """

    unit: ClassVar[str] = "ecg"

    network: str = Field("beats", min_length=1, max_length=64, description="name of the network")
    steps: int = Field(15, ge=1, le=63, description="largest count")
    widths: tuple[int, ...] = Field((), description="inputs, and neurons of each layer")
    weights: tuple[tuple[tuple[int, ...], ...], ...] = Field((), description="a matrix a layer, a row a neuron")
    biases: tuple[tuple[int, ...], ...] = Field((), description="bias of each neuron")
    thetas: tuple[tuple[int, ...], ...] = Field((), description="threshold of each hidden neuron, in quarters")
    weight_bits: tuple[int, ...] = Field((), description="bits of a weight of each layer")
    weight_kinds: tuple[Literal["integer", "pow2"], ...] = Field((), description="what weights of a layer can be")
    bias_bits: int = Field(8, ge=2, le=16, description="bits of a bias")
    theta_bits: int = Field(12, ge=1, le=16, description="bits of a threshold")
    accumulator: int = Field(16, ge=8, le=24, description="bits of a sum")
    neuron: Literal["ssf", "if"] = Field("ssf", description="sum-spike-and-fire, or integrate-and-fire")
    pes: int = Field(4, ge=1, le=16, description="processing elements")
    storage: Literal["constants", "loaded"] = Field("constants", description="where the network is")
    coding: Literal["dense", "bitmap", "runs"] = Field("dense", description="how weights are stored")
    gating: bool = Field(True, description="registers rest between beats")
    interface: Literal["stream", "start"] = Field("stream", description="handshake, or start and done")

    @model_validator(mode="before")
    @classmethod
    def _kinds(cls, fields: Any) -> Any:
        # Weights are integers in the usual layer; a list of that length need not be written.
        if isinstance(fields, dict) and not fields.get("weight_kinds"):
            fields = {**fields, "weight_kinds": ["integer"] * (len(fields.get("widths", ())) - 1)}
        return fields

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        layers = len(self.widths) - 1
        if not 1 <= layers <= MOST_LAYERS:
            raise ValueError(f"widths must be 2 to {MOST_LAYERS + 1} numbers, inputs and neurons of each layer, "
                             f"not {len(self.widths)}")  # fmt: skip
        if bad := [width for width in self.widths if not 1 <= width <= MOST_WIDTH]:
            raise ValueError(f"widths must be 1 to {MOST_WIDTH}, not {bad[0]}")
        if self.widths[-1] < 2:
            raise ValueError(f"widths must end with at least 2 classes, not {self.widths[-1]}")
        counts = {"weights": layers, "biases": layers, "thetas": layers - 1, "weight_bits": layers,
                  "weight_kinds": layers}  # fmt: skip
        for key, count in counts.items():
            if len(getattr(self, key)) != count:
                raise ValueError(f"{key} must be {count} for {layers} layers, not {len(getattr(self, key))}")
        if bad := [bits for bits in self.weight_bits if not 2 <= bits <= 8]:
            raise ValueError(f"weight_bits must be 2 to 8, not {bad[0]}")
        if bad := [bits for bits, kind in zip(self.weight_bits, self.weight_kinds, strict=True)
                   if kind == "pow2" and bits > 4]:  # fmt: skip
            raise ValueError(f"weight_bits of pow2 weights must be at most 4, not {bad[0]}")
        for layer in range(layers):
            self._layer(layer)
        return self

    def _layer(self, layer: int) -> None:
        inputs, neurons = self.widths[layer : layer + 2]
        rows = self.weights[layer]
        if len(rows) != neurons or any(len(row) != inputs for row in rows):
            found = next((len(row) for row in rows if len(row) != inputs), inputs)
            raise ValueError(f"weights of layer {layer} must be {neurons} rows of {inputs}, not {len(rows)} of {found}")
        allowed = self.allowed(layer)
        if bad := [weight for row in rows for weight in row if weight not in allowed]:
            what = "powers of two" if self.weight_kinds[layer] == "pow2" else "integers"
            raise ValueError(f"weights of layer {layer} must be {what} from {min(allowed)} to {max(allowed)}, "
                             f"not {bad[0]}")  # fmt: skip
        if len(self.biases[layer]) != neurons:
            raise ValueError(f"biases of layer {layer} must be {neurons}, not {len(self.biases[layer])}")
        half = 1 << (self.bias_bits - 1)
        if bad := [bias for bias in self.biases[layer] if not -half <= bias < half]:
            raise ValueError(f"biases of layer {layer} must be integers from {-half} to {half - 1}, not {bad[0]}")
        if layer == len(self.widths) - 2:
            return
        if len(self.thetas[layer]) != neurons:
            raise ValueError(f"thetas of layer {layer} must be {neurons}, not {len(self.thetas[layer])}")
        if bad := [theta for theta in self.thetas[layer] if not 1 <= theta < 1 << self.theta_bits]:
            raise ValueError(f"thetas of layer {layer} must be integers from 1 to {(1 << self.theta_bits) - 1}, "
                             f"not {bad[0]}")  # fmt: skip

    def allowed(self, layer: int) -> frozenset[int]:
        """Values that a weight of a layer can have."""
        half = 1 << (self.weight_bits[layer] - 1)
        if self.weight_kinds[layer] == "pow2":
            sizes = [1 << e for e in range(half - 1)]
            return frozenset([0, *sizes, *(-size for size in sizes)])
        return frozenset(range(-half, half))

    @property
    def num_layers(self) -> int:
        return len(self.widths) - 1

    @property
    def count_width(self) -> int:
        """Bits of a count."""
        return self.steps.bit_length()

    @property
    def class_width(self) -> int:
        """Bits of the number of a class."""
        return (self.widths[-1] - 1).bit_length()

    @property
    def moved_width(self) -> int:
        """Bits of what a neuron gives the next layer at a time: a count, or in ``if`` a spike."""
        return self.count_width if self.neuron == "ssf" else 1

    @property
    def sum_width(self) -> int:
        """Bits of the register that sums: of V, or in ``if`` of U, which holds quarters."""
        return self.accumulator + (0 if self.neuron == "ssf" else 2)

    @property
    def confidence_width(self) -> int:
        """Bits of a confidence, which has no sign."""
        return self.accumulator - 1

    @cached_property
    def bounds(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """For each neuron of each layer the least and greatest that V can be for any counts, partial sums too.

        V starts at T b; what joins lies between 0 and T w, so that every partial sum lies between
        ``T (b + sum of negative w)`` and ``T (b + sum of positive w)``. In ``if``, with f fires by then, a partial sum
        of step t lies below ``4 t (b + sum of positive w)``; and above ``4 t (b + sum of negative w)`` or, since a
        neuron that has fired holds no less than 0, the same of fewer steps: U lies between four times these bounds,
        widened to hold 0.
        """
        low = [[self.steps * (b + sum(w for w in row if w < 0)) for row, b in zip(rows, biases, strict=True)]
               for rows, biases in zip(self.weights, self.biases, strict=True)]  # fmt: skip
        high = [[self.steps * (b + sum(w for w in row if w > 0)) for row, b in zip(rows, biases, strict=True)]
                for rows, biases in zip(self.weights, self.biases, strict=True)]  # fmt: skip
        return tuple(tuple(zip(a, b, strict=True)) for a, b in zip(low, high, strict=True))

    @cached_property
    def needed(self) -> int:
        """Bits of an accumulator that no counts can saturate."""
        ends = [end for layer in self.bounds for pair in layer for end in pair]
        return signed_width(min(0, *ends), max(0, *ends))

    @property
    def saturates(self) -> bool:
        """Whether the bounds leave open that some counts saturate an accumulator."""
        return self.needed > self.accumulator

    @cached_property
    def nonzero(self) -> tuple[int, ...]:
        """Weights that are not 0, by layer."""
        return tuple(sum(weight != 0 for row in rows for weight in row) for rows in self.weights)

    @cached_property
    def all_weights(self) -> tuple[int, ...]:
        """Weights, by layer."""
        return tuple(a * b for a, b in zip(self.widths, self.widths[1:], strict=False))

    @cached_property
    def bits(self) -> dict[str, int]:
        """What the network is made of, in bits.

        ``dense``: all weights. ``nonzero``: those that are not 0. ``bitmap``: a bit for each weight. ``biases`` and
        ``thetas``: with as many bits as these values need (not ``bias_bits`` and ``theta_bits``, a memory's room).
        ``weights``: dense, or nonzero and bitmap, as ``coding`` says (for ``runs``: nonzero alone; runs come beside).
        """
        dense = sum(n * b for n, b in zip(self.all_weights, self.weight_bits, strict=True))
        nonzero = sum(n * b for n, b in zip(self.nonzero, self.weight_bits, strict=True))
        biases = [b for layer in self.biases for b in layer]
        thetas = [theta for layer in self.thetas for theta in layer]
        stored = {"dense": dense, "bitmap": nonzero + sum(self.all_weights), "runs": nonzero}[self.coding]
        return {
            "weights": stored, "dense": dense, "nonzero": nonzero, "bitmap": sum(self.all_weights),
            "biases": len(biases) * signed_width(min(biases), max(biases)),
            "thetas": len(thetas) * max(thetas, default=0).bit_length(),
        }  # fmt: skip

    @property
    def least_cycles(self) -> int:
        """Cycles a beat that reading weights takes at least: in each layer one a weight for the busiest element."""
        total = 0
        for rows in self.weights:
            costs = [reads(row, self.coding) for row in rows]
            total += max(sum(costs[j] for j in neurons) for neurons in share(costs, self.pes))
        return total * passes(self)

    def derived_name(self) -> str:
        """``ecg_NETWORK_pPES_OPTIONS_DIGEST``: integers of a network have no shorter name."""
        label = "".join(c if c.isalnum() else "_" for c in self.network)[:32].strip("_") or "network"
        usual = {"neuron": "ssf", "storage": "constants", "coding": "dense", "interface": "stream"}
        options = [value for key, standard in usual.items() if (value := getattr(self, key)) != standard]
        return "_".join([f"ecg_{label}_p{self.pes}", *options, *self.reset_words, self.digest[:8]])
