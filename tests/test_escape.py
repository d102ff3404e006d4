"""Hostile names stay names: a real Tcl interpreter and a real HTML parser read back what was escaped."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from nervure.generators.page.escape import html, tcl, xdc

HOSTILE = [
    "</script>", "<script>alert(1)</script>", '"; exec rm', "[exec]", "[exec touch /tmp/x]", "$x", "${x}", "a\nb",
    "a;b", "#a", "{", "}", "{a b}", "\\", "a\\", "\\n", "a b", " ", "", "*", "?", "a[3]", "a\tb", "'", "&amp;", "é",
    "\x01",
    '" onload="x', "]]>", "-->", "~", "-name", "a\rb", "x\\\ny",
]  # fmt: skip


class Reader(HTMLParser):
    """The text between tags and the values of attributes of a page."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.text, self.values, self.tags = "", [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.values += [value for _, value in attrs]

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def interpreter():
    tkinter = pytest.importorskip("tkinter")
    return tkinter.Tcl()


@pytest.mark.parametrize("name", HOSTILE)
def test_html_gives_the_text_back_and_no_tag(name):
    read = Reader(f'<b title="{html(name)}">{html(name)}</b>')
    shown = name.replace("\x01", "\N{REPLACEMENT CHARACTER}")
    assert (read.text, read.values, read.tags) == (shown, [shown], ["b"])


def test_html_holds_what_utf8_cannot_write():
    assert html("a\ud800\x00\x7fb") == "a\ufffd\ufffd\ufffdb"
    html("\udfff").encode()


@pytest.mark.parametrize("name", HOSTILE)
def test_tcl_reads_one_word_and_substitutes_nothing(interpreter, name):
    interpreter.eval("set x SUBSTITUTED; set ran 0; rename exec {}; proc exec args {incr ::ran}")
    interpreter.eval("proc words args {set ::count [llength $args]; set ::word [lindex $args 0]}")
    interpreter.eval(f"words {tcl(name)}")
    assert interpreter.eval("set ::count") == "1" and interpreter.eval("set ::ran") == "0"
    assert interpreter.eval("set ::word") == name


@pytest.mark.parametrize("name", HOSTILE)
def test_xdc_matches_the_name_alone(interpreter, name):
    """``get_ports`` as Vivado's: a list of patterns, each as of ``string match``."""
    interpreter.eval(
        "proc get_ports patterns {set found {}; foreach p $patterns {foreach n $::names {"
        "if {[string match $p $n]} {lappend found $n}}}; set ::found $found; llength $patterns}"
    )
    others = ["clk", "a", "b", "a3", "x", "ab"]
    interpreter.eval("set ::names {}")
    for one in [*others, name]:
        interpreter.eval(f"lappend ::names {tcl(one)}")
    count = interpreter.eval(f"get_ports {xdc(name)}")
    assert count == "1" and list(interpreter.splitlist(interpreter.eval("set ::found"))) == [name]


def test_a_plain_name_stays_as_it_is():
    assert tcl("u_core/i_valid") == xdc("u_core/i_valid") == "u_core/i_valid" and tcl("") == "{}"


@pytest.mark.parametrize("escape", [tcl, xdc])
def test_tcl_refuses_what_it_cannot_say(escape):
    with pytest.raises(ValueError, match=r"^name must be of characters up to U\+FFFF for Tcl, not 'a😀'$"):
        escape("a😀")
