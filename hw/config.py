"""Frozen, validated configs: the small description from which everything else follows."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from .lookup import unknown

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
# SystemVerilog's too: Verilator and Vivado may read the file as that.
_VERILOG_KEYWORDS = frozenset(
    """accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before begin bind
    bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config
    const constraint context continue cover covergroup coverpoint cross deassign default defparam design disable
    dist do edge else end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup
    endinterface endmodule endpackage endprimitive endprogram endproperty endsequence endspecify endtable endtask
    enum event eventually expect export extends extern final first_match for force foreach forever fork forkjoin
    function generate genvar global highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies import
    incdir include initial inout input inside instance int integer interconnect interface intersect join join_any
    join_none large let liblist library local localparam logic longint macromodule matches medium modport module
    nand negedge nettype new nexttime nmos nor noshowcancelled not notif0 notif1 null or output package packed
    parameter pmos posedge primitive priority program property protected pull0 pull1 pulldown pullup
    pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase randsequence rcmos real realtime ref reg
    reject_on release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1 s_always s_eventually s_nexttime
    s_until s_until_with scalared sequence shortint shortreal showcancelled signed small soft solve specify
    specparam static string strong strong0 strong1 struct super supply0 supply1 sync_accept_on sync_reject_on
    table tagged task this throughout time timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior
    trireg type typedef union unique unique0 unsigned until until_with untyped use uwire var vectored virtual void
    wait wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor""".split()  # noqa: SIM905 (a list of strings is no easier to read)
)


class ConfigError(ValueError):
    """A config that cannot be: one sentence that names field, constraint and value."""


class Config(BaseModel):
    """Base of every unit's config: frozen, no unknown keys, TOML and JSON round trip, digest, module name.

    Parameters
    ----------
    module : str or None
        Verilog module name; by default one that carries the parameters.
    reset : str
        ``sync``, ``async`` or ``none``.
    reset_active : str
        ``high`` or ``low``.

    Raises
    ------
    ConfigError
        When a field is unknown or out of its range, in one sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    unit: ClassVar[str]

    module: str | None = Field(None, description="Verilog module name (default: made of the parameters)")
    reset: Literal["sync", "async", "none"] = Field("sync", description="kind of reset")
    reset_active: Literal["high", "low"] = Field("high", description="level at which the reset acts")

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise ConfigError(_sentence(type(self), error)) from None

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[str(info.field_name)].annotation
        kinds = get_args(annotation) or (annotation,)
        if isinstance(value, bool) and int in kinds and bool not in kinds:
            raise ValueError(f"{info.field_name} must be an integer, not {str(value).lower()}")
        return value

    @field_validator("module")
    @classmethod
    def _module_is_identifier(cls, name: str | None) -> str | None:
        if name is not None and (not _IDENTIFIER.fullmatch(name) or name in _VERILOG_KEYWORDS):
            raise ValueError(f"module must be a Verilog identifier, not {name!r}")
        return name

    @model_validator(mode="after")
    def _reset_level_needs_reset(self) -> Self:
        if self.reset == "none" and self.reset_active == "low":
            raise ValueError("reset_active=low requires reset=sync or reset=async, not reset=none")
        return self

    def derived_name(self) -> str:
        """The module name that the parameters make."""
        raise NotImplementedError

    @property
    def reset_words(self) -> list[str]:
        """Parts of a derived name that tell the reset, where it is not at its defaults."""
        words = {"sync": [], "async": ["asyncreset"], "none": ["noreset"]}[self.reset]
        return [*words, "resetlow"] if self.reset_active == "low" else words

    @property
    def module_name(self) -> str:
        """The module's name: the user's, else one that carries the parameters."""
        return self.module or self.derived_name()

    @property
    def digest(self) -> str:
        """SHA-256 of unit and fields in canonical JSON, the first 16 hexadecimal digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return self.model_dump(mode="json")

    def to_json(self) -> str:
        """Canonical JSON of unit and fields: the same config gives the same bytes."""
        return json.dumps({"unit": self.unit, **self.to_dict()}, sort_keys=True, separators=(",", ":"))

    def to_toml(self) -> str:
        """TOML that :meth:`from_toml` reads back to an equal config."""
        lines = [f'unit = "{self.unit}"']
        for key, value in self.to_dict().items():
            if value is not None:
                lines.append(f"{key} = {json.dumps(value)}")
        return "\n".join(lines) + "\n"

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """The config that a TOML file holds.

        Raises
        ------
        ConfigError
            If the file cannot be read, is not TOML, names another unit, or has unknown keys or bad values.
        """
        return cls(**read_toml(path, cls.unit))


def read_toml(path: str | Path, unit: str) -> dict[str, Any]:
    """The fields in a config file of that unit (its ``unit`` key, when present, must agree)."""
    try:
        fields = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"config file must be readable, not {str(path)!r} ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"config file must be TOML, not {str(path)!r} ({error})") from None
    named = fields.pop("unit", unit)
    if named != unit:
        raise ConfigError(f"config file must be of unit {unit}, not {named!r} ({path})")
    return fields


def _sentence(cls: type[Config], error: ValidationError) -> str:
    """The first of pydantic's findings as one sentence."""
    first: dict[str, Any] = dict(error.errors(include_url=False)[0])
    field = ".".join(str(part) for part in first["loc"])
    value = first["input"]
    if first["type"] == "extra_forbidden":
        return unknown("key", field, cls.model_fields, cls.unit)
    if first["type"] == "value_error":
        text = str(first["ctx"]["error"])
        return text if not field or text.startswith(field.split(".")[0]) else f"{field}: {text}"
    if first["type"] == "literal_error":
        return f"{field} must be {first['ctx']['expected'].replace(chr(39), '')}, not {value!r}"
    match first["type"]:
        case "greater_than_equal":
            constraint = f"at least {first['ctx']['ge']}"
        case "less_than_equal":
            constraint = f"at most {first['ctx']['le']}"
        case "int_parsing_size":
            constraint = "an integer of fewer digits"
        case "int_parsing" | "int_type" | "int_from_float":
            constraint = "an integer"
        case "bool_parsing" | "bool_type":
            constraint = "true or false"
        case "string_type":
            constraint = "a string"
        case _:
            constraint = first["msg"].removeprefix("Input should be ")
    return f"{field} must be {constraint}, not {value!r}"
