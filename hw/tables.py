"""Configs of fixed-point numbers in and out whose tables a solver fills: what is asked is checked apart from these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import model_validator

from .config import Config
from .fixed import Fixed, parse_fixed


class TableConfig(Config):
    """Base of configs with fields ``input`` and ``output``, names of fixed-point formats, and with integers of tables.

    A wish (:meth:`asked`) has the fields that a user gives, and no tables yet.
    """

    if TYPE_CHECKING:
        input: str
        output: str

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self.check_asked()
        self.check_tables()
        return self

    def check_asked(self) -> None:
        """Refuses what cannot be asked for.

        Raises
        ------
        ValueError
            In one sentence.
        """
        raise NotImplementedError

    def check_tables(self) -> None:
        """Refuses tables that are not what the other fields say.

        Raises
        ------
        ValueError
            In one sentence.
        """
        raise NotImplementedError

    @classmethod
    def asked(cls, **fields: Any) -> Self:
        """A wish: its tables are not looked at.

        Raises
        ------
        ConfigError
            In one sentence.
        """
        parts = {"__module__": cls.__module__, "check_tables": lambda self: None}
        unsolved: Any = type(cls.__name__, (cls,), parts)
        return unsolved(**fields)

    @property
    def input_format(self) -> Fixed:
        """The format of x."""
        return parse_fixed(self.input)

    @property
    def output_format(self) -> Fixed:
        """The format of y."""
        return parse_fixed(self.output)
