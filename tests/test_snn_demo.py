"""The family's demo: digits through the spiking pipeline, and the page about them."""

from __future__ import annotations

import pytest
from nervure.generators.snn.demo import demo
from nervure.hw.config import ConfigError

from .pages import Page


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return demo(tmp_path_factory.mktemp("demo"), {})


def test_every_answer_is_the_golden_models(found):
    assert found.passed and len(found.images) == 360 and found.accuracy > 0.97
    said = found.to_dict()
    # Without a pause the pipeline is filled once.
    assert said["closed_form"] == 5376 <= said["cycles_per_frame"] <= 1.001 * 5376
    assert said["accuracy"] == sum(found.answers == found.labels) / 360
    assert "none differs" in found.lines()[0] and "break-even" in found.lines()[2]


def test_the_page_shows_images_spikes_and_what_they_cost(found):
    page = Page(found.page.read_text())
    wrong = int(sum(found.answers != found.labels))
    assert found.page.read_text().count(", not ") >= min(wrong, 18)
    assert "What conv1 fires at" in page.words and "360 of 360 answers" in page.words
    for layer in found.layers:
        assert str(layer.most_operations) in page.words.replace(",", "")


@pytest.mark.parametrize("fields, sentence", [
    ({"network": "mnist"}, "network must be digits for the demo, not mnist"),
    ({"output": "totals"}, "output must be class for the demo, not totals"),
])  # fmt: skip
def test_other_networks_are_refused(fields, sentence, tmp_path):
    with pytest.raises(ConfigError) as caught:
        demo(tmp_path, fields)
    assert str(caught.value) == sentence and not list(tmp_path.iterdir())
