"""What a vector unit inside the network is: routers, lanes, the line between them, and the tables that it carries."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from ...activation.config import MAX_SEGMENTS, ActivationConfig
from ...fixed import parse_fixed
from ...tables import TableConfig
from .places import NetworkConfig

MULTIPLES = (1, 2, 4)
MAX_LANES = 1024


@lru_cache(maxsize=256)
def _table(key: tuple[tuple[str, Any], ...]) -> ActivationConfig:
    return ActivationConfig(**dict(key))


class NovaConfig(NetworkConfig, TableConfig):
    """Functions of one variable on many lanes, whose (slope, bias) pairs no lane stores: they are sent past all.

    A source holds T tables of up to N segments. A beat brings ``x`` for all lanes and the number of its table, upon
    which the source sends the table's N pairs in F = ceil(N / P) flits of P pairs. Routers pass them on and show them
    to their lanes; each lane keeps the one pair that its x asks for, and computes with it what the unit ``activation``
    computes (:class:`~nervure.hw.activation.config.ActivationConfig` has the equations), for x of lane l and table t::

        y[l] = activation of table min(t, T - 1) at x[l]
        status = 1 where t >= T, else 0

    Routers are numbered along the line; of a mesh, line by line. Lane l belongs to router ``l // lanes``.

    Parameters
    ----------
    routers, lanes : int
        Routers, and lanes of each.
    topology : str
        ``line``; ``ring``: the source sends both ways; ``mesh``: ``rows`` lines that begin at routers of a trunk.
    rows : int
        Lines of a mesh.
    hops : int
        A register every so many routers: flits pass that many in a cycle.
    pairs : int
        Pairs in a flit.
    clock_multiple : int
        NoC clock over core clock: 1 (one clock), 2 or 4 (two clocks of unknown phase; ``clk_noc`` is the NoC's).
    interval : int or str
        At most so many core cycles between beats; ``auto``: as many as the flits need.
    breakpoints : str
        ``local``: lanes hold them, and know which pair they need before it comes. ``broadcast``: they come with the
        pairs, and a lane keeps the last whose segment does not begin beyond its x. (Ends of domains and symmetries
        stay with the lanes.)
    functions : tuple of str
        What was asked for, a label for each table.
    domains : tuple of str
        ``low:high`` of each table, ends included; inputs beyond are held to its first and last code.
    input, output : str
        Fixed-point formats of all tables.
    form : str
        Asked for: ``pwl``, ``fold`` (half of each domain is stored), or ``auto`` (fold what has a symmetry).
    segments : int or None
        Asked for: at most so many stored segments for each table.
    symmetries : tuple of str
        Of each table.
    slope, bias : str or None
        Formats of the integers of all tables.
    centres : tuple of int
        Of point symmetries, in steps of the bias.
    knots, slopes, biases : tuple of tuple of int
        Segments of each table; knots are the first u of every segment but the first.
    reached, limits : tuple of float
        Certificate of each table: largest error over every code, and the least that as many segments can have.
    worst_inputs : tuple of int
        Codes at which ``reached`` is met.
    stages : int
        Registers of a lane from x to y, 3 to 12, of which one keeps the pair.
    multiplier : str
        ``auto`` or ``lut``, as in the unit ``activation``.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "nova"

    lanes: int = Field(4, ge=1, le=256, description="lanes of each router")
    pairs: int = Field(8, ge=1, le=MAX_SEGMENTS, description="pairs in a flit")
    clock_multiple: int = Field(1, description="NoC clock over core clock")
    interval: int | Literal["auto"] = Field(1, description="at most so many core cycles between beats")
    breakpoints: Literal["local", "broadcast"] = Field("local", description="where breakpoints are")
    functions: tuple[str, ...] = Field(("gelu",), description="what is approximated, by table")
    domains: tuple[str, ...] = Field(("-8:8",), description="ends of the inputs, by table")
    input: str = Field("q3.12", description="format of x")
    output: str = Field("q3.12", description="format of y")
    form: Literal["pwl", "fold", "auto"] = Field("pwl", description="whether half of a domain is stored")
    segments: int | None = Field(None, ge=1, le=MAX_SEGMENTS, description="at most so many stored segments")
    symmetries: tuple[str, ...] = Field(("none",), description="what folds the domain, by table")
    slope: str | None = Field(None, description="format of slopes")
    bias: str | None = Field(None, description="format of biases")
    centres: tuple[int, ...] = Field((0,), description="f(x) + f(-x) of point symmetries, by table")
    knots: tuple[tuple[int, ...], ...] = Field((), description="first u of every segment but the first, by table")
    slopes: tuple[tuple[int, ...], ...] = Field((), description="slope of each segment, by table")
    biases: tuple[tuple[int, ...], ...] = Field((), description="bias of each segment, by table")
    reached: tuple[float, ...] = Field((), description="largest error over every code, by table")
    limits: tuple[float, ...] = Field((), description="least error that as many real segments can have, by table")
    worst_inputs: tuple[int, ...] = Field((), description="code of the largest error, by table")
    stages: int = Field(5, ge=3, le=12, description="registers of a lane")
    multiplier: Literal["auto", "lut"] = Field("auto", description="product in one, or rows of additions")

    @field_validator("interval", mode="before")
    @classmethod
    def _interval_is_known(cls, value: Any) -> Any:
        if value != "auto" and (not isinstance(value, int) or value < 1):
            raise ValueError(f"interval must be a positive integer or auto, not {value!r}")
        return value

    def check_tables(self) -> None:
        if not self.slopes:
            raise ValueError("slopes must be those of at least one table, not none")
        if self.slope is None or self.bias is None:
            raise ValueError("slopes require slope and bias formats")
        count = len(self.slopes)
        for key in ("functions", "domains", "symmetries", "centres", "knots", "biases", "reached", "limits",
                    "worst_inputs"):  # fmt: skip
            if len(getattr(self, key)) != count:
                raise ValueError(f"{key} must be {count}, one for each table, not {len(getattr(self, key))}")
        assert self.tables  # each is checked as it is made
        self.check_pace(self.count)

    def check_asked(self) -> None:
        if self.clock_multiple not in MULTIPLES:
            raise ValueError(f"clock_multiple must be 1, 2 or 4, not {self.clock_multiple}")
        if self.routers * self.lanes > MAX_LANES:
            raise ValueError(f"routers must have at most {MAX_LANES} lanes in all, not {self.routers * self.lanes}")
        self.check_places()
        parse_fixed(self.input, "input")
        parse_fixed(self.output, "output")

    def check_pace(self, count: int) -> None:
        """Refuses more flits than an interval takes.

        Raises
        ------
        ValueError
            In one sentence that says what would fit.
        """
        flits = -(-count // self.pairs)
        if self.interval == "auto" or flits <= self.interval * self.clock_multiple:
            return
        fits = -(-count // (self.interval * self.clock_multiple))
        wanted = [multiple for multiple in MULTIPLES if flits <= self.interval * multiple]
        ways = [*([f"clock_multiple={wanted[0]}"] if wanted else []), f"pairs={fits}", "interval=auto"]
        pace = "cycle" if self.interval == 1 else f"{self.interval} cycles"
        raise ValueError(f"clock_multiple must be at least {-(-flits // self.interval)} for {count} segments in flits "
                         f"of {self.pairs} every {pace}, not {self.clock_multiple} "
                         f"({', '.join(ways)} would do)")  # fmt: skip

    @property
    def tables(self) -> tuple[ActivationConfig, ...]:
        """Each table as the unit ``activation`` would hold it."""
        rows = zip(self.functions, self.domains, self.symmetries, self.centres, self.knots, self.slopes, self.biases,
                   strict=True)  # fmt: skip
        return tuple(
            _table((("function", function), ("domain", domain), ("input", self.input), ("output", self.output),
                    ("form", "pwl" if symmetry == "none" else "fold"), ("symmetry", symmetry), ("slope", self.slope),
                    ("bias", self.bias), ("centre", centre), ("breakpoints", knots), ("slopes", slopes),
                    ("biases", biases)))
            for function, domain, symmetry, centre, knots, slopes, biases in rows
        )  # fmt: skip

    @property
    def width(self) -> int:
        """Lanes in all."""
        return self.routers * self.lanes

    @property
    def count(self) -> int:
        """Segments of the longest table, N."""
        return max(map(len, self.slopes))

    @property
    def slots(self) -> int:
        """Pairs that a flit really has, P: no more than there are."""
        return min(self.pairs, self.count)

    @property
    def flits(self) -> int:
        """Flits of a table, F."""
        return -(-self.count // self.slots)

    @property
    def table_width(self) -> int:
        """Bits of ``table``: there is always a number that is out of range."""
        return len(self.slopes).bit_length()

    @property
    def behind(self) -> int:
        """Registers of a lane behind the one that keeps its pair."""
        search = 4 * (self.count - 1).bit_length() if self.breakpoints == "local" else 0
        return 1 if self.stages == 3 or (self.stages == 4 and search > 8) else 2

    @property
    def before(self) -> int:
        """Registers of a lane before it: flits set out so many cycles after their beat."""
        return self.stages - 1 - self.behind

    @property
    def cycles(self) -> int:
        """Core cycles from a beat to the next, where none waits for the output."""
        return -(-self.flits // self.clock_multiple)

    @property
    def latency(self) -> int:
        """Cycles from x to y; with two clocks at most so many."""
        if self.clock_multiple == 1:
            return self.stages + self.depth + self.flits - 1
        return self.stages + 3 - (-(self.depth + self.flits + 4) // self.clock_multiple)

    @property
    def slot_bits(self) -> int:
        """Bits of the number of a beat that is under way between two clocks: it has one until its pair is back.

        From the cycle that takes it to the one that may take another in its place there are at most ``latency - behind
        + 1``.
        """
        return max(1, (self.latency - self.behind).bit_length())

    def derived_name(self) -> str:
        """``nova_FUNCTIONS_ROUTERSxLANES_DIGEST``: tables of integers have no shorter name."""
        label = "".join(c if c.isalnum() else "_" for c in "_".join(self.functions))[:40].strip("_") or "function"
        options = [str(value) for key in ("topology", "breakpoints")
                   if (value := getattr(self, key)) != type(self).model_fields[key].default]  # fmt: skip
        size = f"{self.routers}x{self.lanes}"
        return "_".join(["nova", label, size, *options, *([f"noc{self.clock_multiple}"] * (self.clock_multiple > 1)),
                         *self.reset_words, self.digest[:8]])  # fmt: skip
