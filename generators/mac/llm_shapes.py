"""Shapes of the linear layers of public language models, from the config.json of each model's repository."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Linear:
    """One linear layer, ``y = W x``: ``rows`` outputs of ``columns`` inputs."""

    name: str
    rows: int
    columns: int


@dataclass(frozen=True)
class Model:
    """A decoder-only transformer.

    Parameters
    ----------
    name : str
    source : str
        Where the numbers stand: keys of a ``config.json`` on huggingface.co.
    hidden : int
        ``hidden_size``.
    ffn : int
        ``intermediate_size``.
    heads, kv_heads : int
        ``num_attention_heads`` and ``num_key_value_heads``; a head has ``hidden / heads`` dimensions.
    blocks : int
        ``num_hidden_layers``.
    fused : bool
        Whether query, key and value are one layer, and gate and up another.
    """

    name: str
    source: str
    hidden: int
    ffn: int
    heads: int
    kv_heads: int
    blocks: int
    fused: bool = False

    @property
    def kv(self) -> int:
        """Outputs of the key layer and of the value layer."""
        return self.kv_heads * (self.hidden // self.heads)

    @property
    def linears(self) -> tuple[Linear, ...]:
        """The linear layers of one block, in the order of use."""
        hidden, ffn = self.hidden, self.ffn
        output, down = Linear("o_proj", hidden, hidden), Linear("down_proj", hidden, ffn)
        if self.fused:
            return (Linear("qkv_proj", hidden + 2 * self.kv, hidden), output,
                    Linear("gate_up_proj", 2 * ffn, hidden), down)  # fmt: skip
        return (Linear("q_proj", hidden, hidden), Linear("k_proj", self.kv, hidden), Linear("v_proj", self.kv, hidden),
                output, Linear("gate_proj", ffn, hidden), Linear("up_proj", ffn, hidden), down)  # fmt: skip

    @property
    def macs(self) -> int:
        """Multiplications in the linear layers of one block, for one token."""
        return sum(layer.rows * layer.columns for layer in self.linears)


MODELS: tuple[Model, ...] = (
    Model("Llama-2-7B", "config.json of meta-llama/Llama-2-7b-hf", 4096, 11008, 32, 32, 32),
    Model("Llama-3-8B", "config.json of meta-llama/Meta-Llama-3-8B", 4096, 14336, 32, 8, 32),
    Model("Qwen2.5-7B", "config.json of Qwen/Qwen2.5-7B", 3584, 18944, 28, 4, 28),
    Model("Phi-3-mini", "config.json of microsoft/Phi-3-mini-4k-instruct", 3072, 8192, 32, 32, 32, fused=True),
)
"""The models, and where their sizes stand."""
